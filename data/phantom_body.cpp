// Paints all of a slice that is not lung: table, body wall, mediastinum, upper abdomen.
#include "data/phantom_render.h"

namespace hilum::phantom {

namespace {

// A cradle of two thin bright shells under the patient. It does not turn with the patient.
void paint_table(const Canvas& canvas, const Level& level, const Anatomy& a, const Scanner& s,
                 std::vector<float>& hu) {
  float lowest = -1e3f;
  for (std::size_t i = 0; i < 64; ++i) {
    const float angle = kPi * static_cast<float>(i) / 64;
    lowest = std::max(lowest, canvas.to_table(level.body_outline().point(angle, 0)).y);
  }
  const float top = lowest + a.table_gap;
  for (std::size_t row = 0; row < canvas.size(); ++row) {
    for (std::size_t column = 0; column < canvas.size(); ++column) {
      const Vec2 p = canvas.on_table(row, column);
      if (p.y < top - 80 || std::abs(p.x) > 235) continue;
      const float upper = top - p.x * p.x / (2 * s.table_radius);
      const float lower = top + s.table_thick * (1 - std::pow(std::abs(p.x) / 235, 3.f));
      float& value = hu[row * canvas.size() + column];
      const float inside = coverage(std::max(upper - p.y, p.y - lower), canvas.softness());
      value = mix(value, -965, inside);
      const float line = std::max(tube_coverage(std::abs(p.y - upper), 0.8f, canvas.softness()),
                                  tube_coverage(std::abs(p.y - lower), 1.1f, canvas.softness()));
      value = mix(value, s.table_hu, line);
    }
  }
}

// Skin, fat with its strands, breast gland, muscles with the fat between them.
float wall_hu(const Anatomy& a, const NoiseField& noise, Vec3 p, float under_skin,
              float into_muscle, float outside_cavity, float soft) {
  float fat = kFat + 14 * noise.rough(p.x, p.y, p.z, 14);
  const float in_breast = smoothstep((a.front(p.z) - 8 - p.y) / 22);
  if (a.breast > 0 && in_breast > 0) {
    // Gland: a cloud of strands inside the breast's fat.
    const float gland = noise.rough(p.x, p.y * 1.2f, p.z, 17) + 0.03f * (under_skin - 16);
    fat = mix(fat, 25,
              0.85f * in_breast * smoothstep(1.6f * gland) * smoothstep((under_skin - 7) / 6));
  }
  const float strand = noise.rough(p.x + 31, p.y, p.z, 9);
  float muscle = kMuscle + 10 * noise.at(p.x * 0.2f, p.y * 0.2f, p.z * 0.2f);
  // Sheets of fat between the layers of muscle, wavering with the noise, and marbling.
  const float waver = 9 * noise.rough(p.x, p.y, p.z, 34);
  const float fatness = clamp01(a.fat / 22);
  for (const float sheet : {18.f, 32.f}) {
    const float thick = (0.35f + 0.9f * fatness) * (1 + 0.8f * strand);
    const float at = std::abs(outside_cavity - sheet - waver);
    muscle = mix(muscle, kFat,
                 0.9f * clamp01(0.45f + 1.1f * strand) *
                     tube_coverage(at, std::max(thick, 0.05f), soft + 0.6f));
  }
  muscle -= 150 * fatness * std::max(strand - 0.35f, 0.f);
  float hu = mix(fat, muscle, coverage(-into_muscle, soft + 1));
  // Between the ribs' inside and the pleura lies a film of fat.
  hu = mix(hu, kFat, (0.3f + 0.4f * fatness) * coverage(std::abs(outside_cavity - 2.6f) - 1, soft));
  return mix(hu, 15, coverage(under_skin - 1.7f, soft));
}

void paint_organs(const Canvas& canvas, const Anatomy& a, const Level& level,
                  const NoiseField& noise, std::vector<float>& hu) {
  const float soft = canvas.softness(), z = level.z();
  const float blood = 42 + a.contrast, wall = 48 + 0.3f * a.contrast;
  // Liver, stomach, spleen, somewhat wider than the domes, whose edge the lungs cut out afterwards.
  for (const Side side : {Side::right, Side::left}) {
    if (!level.has_dome(side)) continue;
    Ellipse dome = level.dome_outline(side);
    dome.a += 14, dome.b += 14;
    const bool liver = side == Side::right;
    canvas.fill(hu, dome, liver ? kLiver + 0.3f * a.contrast : -80);
    if (liver) continue;
    const Vec2 c = dome.centre;
    const Ellipse spleen = turned_ellipse(c + Vec2{0.42f * dome.a, 0.42f * dome.b}, 0.42f * dome.a,
                                          0.30f * dome.b, 1.9f);
    const Ellipse stomach = turned_ellipse(c + Vec2{-0.08f * dome.a, -0.25f * dome.b},
                                           0.55f * dome.a, 0.42f * dome.b, -0.3f);
    canvas.fill(hu, spleen, 50 + 0.35f * a.contrast, 2);
    canvas.fill(hu, stomach, 38, 1);
    Ellipse content = stomach;
    content.a -= 4, content.b -= 4;
    if (content.b > 8) {
      // Gas floats to the front over a level surface of fluid.
      const float surface = stomach.centre.y - content.b + a.stomach_gas;
      canvas.near(content.centre, content.reach(), [&](Vec2 p, std::size_t i) {
        const float gas = coverage(std::max(content.distance(p), p.y - surface), soft);
        hu[i] = mix(mix(hu[i], 22, coverage(content.distance(p), soft)), -960, gas);
      });
    }
  }
  const std::vector<Ellipse>& heart = level.heart();
  for (std::size_t k = heart.size(); k-- > 0;) {
    canvas.fill(hu, heart[k], wall, 1);
    Ellipse inside = heart[k];
    if (inside.a < 24) continue;
    if (inside.a > 1.22f * inside.b) {  // the ventricles: the left one behind a thick wall
      const Vec2 axis{inside.cosine, inside.sine}, across{-inside.sine, inside.cosine};
      const Ellipse left = turned_ellipse(
          inside.centre + 0.08f * inside.a * axis + 0.38f * inside.b * across, 0.60f * inside.a,
          0.36f * inside.b, std::atan2(inside.sine, inside.cosine));
      const Ellipse right = turned_ellipse(
          inside.centre - 0.05f * inside.a * axis - 0.46f * inside.b * across, 0.68f * inside.a,
          0.36f * inside.b, std::atan2(inside.sine, inside.cosine));
      canvas.fill(hu, left, blood, 3);
      canvas.fill(hu, right, blood * 0.92f, 3);
    } else {
      inside.a -= 3, inside.b -= 3;
      canvas.fill(hu, inside, blood * 0.95f, 2);
    }
  }
  for (const Organ& organ : a.organs) {
    const Cone& shape = organ.shape;
    const float widest = std::max(shape.from_radius, shape.to_radius);
    const auto [low, high] = std::minmax(shape.from.z, shape.to.z);
    if (z < low - widest || z > high + widest) continue;
    const Vec2 middle = 0.5f * (flat(shape.from) + flat(shape.to));
    const float reach = widest + 0.5f * length(flat(shape.to) - flat(shape.from));
    canvas.near(middle, reach, [&](Vec2 p, std::size_t i) {
      hu[i] = mix(hu[i], organ.hu, coverage(shape.distance({p.x, p.y, z}), soft));
    });
  }
  // Chalk in the wall of the aorta (the first eight tubes).
  if (a.aorta_calcium > 0) {
    for (std::size_t k = 0; k < 8; ++k) {
      const Cone& shape = a.organs[k].shape;
      const Vec2 middle = 0.5f * (flat(shape.from) + flat(shape.to));
      const float reach = 20 + 0.5f * length(flat(shape.to) - flat(shape.from));
      canvas.near(middle, reach, [&](Vec2 p, std::size_t i) {
        const float d = shape.distance({p.x, p.y, z});
        if (d > soft || d < -4 - soft) return;
        const float spot = noise.rough(p.x, p.y, z, 11) - mix(0.75f, 0.42f, a.aorta_calcium);
        hu[i] =
            mix(hu[i], 700, smoothstep(6 * spot) * tube_coverage(std::abs(d + 1.2f), 0.8f, soft));
      });
    }
  }
}

void paint_airways(const Canvas& canvas, const Anatomy& a, float z, std::vector<float>& hu) {
  const float soft = canvas.softness();
  // All walls before all air, so that the branches open into each other.
  for (const bool air : {false, true}) {
    for (const Cone& tube : a.airways) {
      const float widest = std::max(tube.from_radius, tube.to_radius) + 2;
      const auto [low, high] = std::minmax(tube.from.z, tube.to.z);
      if (z < low - widest || z > high + widest) continue;
      const Vec2 middle = 0.5f * (flat(tube.from) + flat(tube.to));
      const float reach = widest + 0.5f * length(flat(tube.to) - flat(tube.from));
      canvas.near(middle, reach, [&](Vec2 p, std::size_t i) {
        const float d = tube.distance({p.x, p.y, z});
        hu[i] =
            air ? mix(hu[i], -985, coverage(d, soft)) : mix(hu[i], 30, coverage(d - 1.4f, soft));
      });
    }
  }
}

}  // namespace

void paint_body(const Canvas& canvas, const Anatomy& a, const Level& level, const Scanner& scanner,
                const NoiseField& noise, std::vector<float>& hu) {
  const float soft = canvas.softness(), z = level.z();
  std::fill(hu.begin(), hu.end(), kAir);
  paint_table(canvas, level, a, scanner, hu);
  const float between = mix(30, -92, a.mediastinal_fat);
  for (std::size_t row = 0; row < canvas.size(); ++row) {
    for (std::size_t column = 0; column < canvas.size(); ++column) {
      const Vec2 p = canvas.at(row, column);
      const float skin = level.body(p);
      if (skin > soft) continue;
      const float cavity = level.cavity().distance(p);
      float value;
      if (cavity > -1) {
        value = wall_hu(a, noise, {p.x, p.y, z}, -skin, -level.muscle(p), cavity, soft);
      } else {
        value = between + 22 * noise.rough(p.x, p.y, z, 10);
      }
      float& old = hu[row * canvas.size() + column];
      old = mix(old, value, coverage(skin, soft));
    }
  }
  paint_organs(canvas, a, level, noise, hu);
  paint_airways(canvas, a, z, hu);
  paint_bones(canvas, a, level, noise, hu);
}

}  // namespace hilum::phantom
