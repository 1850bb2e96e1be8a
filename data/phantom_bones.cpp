// Paints the bones of a slice: ribs, vertebra, shoulder blades, breastbone.
#include "data/phantom_render.h"

namespace hilum::phantom {

namespace {

// Compact bone outside, marrow inside.
struct BonePaint {
  const Anatomy& anatomy;
  const NoiseField& noise;
  float soft, z;

  void operator()(float& hu, Vec2 p, float distance, float cortex, float marrow = kMarrow) const {
    const float inside = coverage(distance, soft);
    if (inside <= 0) return;
    const float core = coverage(distance + cortex, soft);
    const float grain = 90 * noise.at(p.x * 0.45f, p.y * 0.45f, z * 0.4f);
    hu = mix(hu, anatomy.bone * mix(kCortex, marrow + grain, core), inside);
  }
};

void paint_ribs(const Canvas& canvas, const Anatomy& a, const Level& level, const BonePaint& bone,
                std::vector<float>& hu) {
  const Outline& cavity = level.cavity();
  const float b = a.rib_thickness, from_pleura = 3.5f + b;
  const float reach = 1.25f * std::max(a.width, a.depth) + 30;
  canvas.near(cavity.centre(), reach, [&](Vec2 p, std::size_t i) {
    const Vec2 q = p - cavity.centre();
    const float from_centre = length(q), angle = std::atan2(q.y, q.x);
    const float outside = cavity.distance(from_centre, angle);
    if (outside < 0 || outside > 2 * from_pleura + 4) return;
    // From the spine (0) around the side to the breastbone (1), each rib sinks by `rib_drop`.
    float turn = angle - kPi / 2;
    if (turn < -kPi) turn += 2 * kPi;
    const float around = std::abs(turn) / kPi;
    if (around > 0.95f || around < 0.085f) return;
    const float sink = a.rib_drop * std::pow(around, 1.3f);
    const float slope =
        std::max(a.rib_drop * 1.3f * std::pow(around, 0.3f) / (kPi * from_centre), 0.16f);
    const float index = (level.z() - sink) / a.rib_step + a.rib_phase + (turn > 0 ? 0.12f : 0.f);
    const float off = (index - std::round(index)) * a.rib_step;
    const Ellipse section{{0, 0}, 6.8f / slope, b, 1, 0};
    const float d = section.distance({off / slope, outside - from_pleura});
    if (around > 0.83f) {
      hu[i] = mix(hu[i], kCartilage, coverage(d - 0.8f, bone.soft));
    } else {
      bone(hu[i], p, d, 1.1f, 260);
    }
  });
}

void paint_vertebra(const Canvas& canvas, const Anatomy& a, const Level& level,
                    const BonePaint& bone, std::vector<float>& hu) {
  const Vec2 c = a.vertebra(level.z());
  const float r = a.vertebra_radius, k = r / 17;
  float phase = level.z() / a.vertebra_step + a.vertebra_phase;
  phase -= std::floor(phase);
  // 0 … .2: the disc between two bodies; the arch is closed below mid body, its roots are above.
  const bool disc_level = phase < 0.2f;
  const Vec2 canal{c.x, c.y + 1.32f * r};
  const float hollow = 8.2f * k;
  const Ellipse body{c, 1.08f * r, 0.9f * r, 1, 0};
  const float spine_from = canal.y + hollow, spine_length = k * mix(9, 22, clamp01(2 * phase));
  const Cone process =
      flat_cone({c.x, spine_from}, {c.x, spine_from + spine_length}, 4.2f * k, 2.6f * k);
  const float spread = k * mix(24, 36, clamp01(1.6f - std::abs(phase - 0.5f) * 3));
  canvas.near({c.x, c.y + r}, 3.6f * r, [&](Vec2 p, std::size_t i) {
    const Vec3 flat_p{p.x, p.y, 0};
    const Vec2 mirrored{c.x + std::abs(p.x - c.x), p.y};
    const Vec3 m{mirrored.x, mirrored.y, 0};
    const float ring = std::abs(length(p - canal) - hollow - 2.6f * k) - 2.6f * k;
    float arch = smooth_min(ring, process.distance(flat_p), 4);
    const Cone wing =
        flat_cone({c.x + hollow + 1, canal.y}, {c.x + spread, canal.y + 12 * k}, 4.6f * k, 4 * k);
    arch = smooth_min(arch, wing.distance(m), 4);
    if (disc_level) {
      // Joints instead of roots: the nerve's way out is open on both sides.
      arch = std::max(
          arch, 3 - std::abs(p.y - (canal.y - 0.45f * hollow)) - (p.y > canal.y ? 99.f : 0.f));
    } else if (phase < 0.65f) {
      const Cone root = flat_cone({c.x + 0.62f * r, c.y + 0.5f * r},
                                  {c.x + hollow + 2.5f * k, canal.y}, 4.2f * k, 3.6f * k);
      arch = smooth_min(arch, root.distance(m), 3);
      // The necks of the ribs that end here.
      const Cone neck = flat_cone({c.x + 1.1f * r, c.y + 0.72f * r},
                                  {c.x + 2.5f * r, c.y + 1.75f * r}, 3.6f * k, 4 * k);
      bone(hu[i], p, neck.distance(m), 1.1f);
    }
    bone(hu[i], p, arch, 1.5f);
    const float inside_canal = coverage(length(p - canal) - hollow, bone.soft);
    hu[i] = mix(hu[i], mix(-40, 35, coverage(length(p - canal) - 5 * k, bone.soft)), inside_canal);
    // The body's back is hollowed by the canal.
    const float d = smooth_max(body.distance(p), hollow + 1.2f - length(p - canal), 3);
    if (disc_level) {
      hu[i] = mix(hu[i], 90, coverage(d, bone.soft));
      bone(hu[i], p, std::max(d, -d - 1.6f), 3, 420);
    } else {
      bone(hu[i], p, d, 1.2f, kMarrow + 30);
    }
  });
}

void paint_shoulder_blades(const Canvas& canvas, const Anatomy& a, const Level& level,
                           const BonePaint& bone, std::vector<float>& hu) {
  const float u = level.z() / a.height;
  if (u > 0.54f) return;
  // Below, only the narrow tip; above, the whole blade with its ridge.
  const float inner = curve(u, {{0, .50f}, {.3f, .56f}, {.54f, .80f}});
  const float outer = curve(u, {{0, 1.32f}, {.2f, 1.24f}, {.4f, 1.12f}, {.54f, .95f}});
  const Outline& wall = level.muscle_outline();
  const float depth = curve(u, {{0, 30}, {.3f, 20}, {.54f, 13}});
  for (const float side : {-1.f, 1.f}) {
    const auto at = [&](float from_back, float deep) {
      return wall.point(kPi / 2 - side * from_back, -deep);
    };
    const Vec2 p0 = at(inner, depth), p1 = at(mix(inner, outer, 0.5f), depth + 3),
               p2 = at(outer, depth + 1);
    const Cone blade[] = {flat_cone(p0, p1, 2.3f, 1.6f), flat_cone(p1, p2, 1.6f, 4.4f)};
    const Vec2 ridge_from = at(mix(inner, outer, 0.55f), depth + 2);
    const float ridge_length = curve(u, {{0, 24}, {.2f, 15}, {.3f, 0}});
    const Cone ridge =
        flat_cone(ridge_from, at(mix(inner, outer, 0.8f), depth - ridge_length), 1.8f, 3);
    const float reach = length(p2 - p0) + 30;
    canvas.near(p1, reach, [&](Vec2 p, std::size_t i) {
      const Vec3 q{p.x, p.y, 0};
      float d = smooth_min(blade[0].distance(q), blade[1].distance(q), 3);
      if (ridge_length > 2) d = smooth_min(d, ridge.distance(q), 3);
      bone(hu[i], p, d, 1.2f, 300);
    });
  }
}

void paint_breastbone(const Canvas& canvas, const Anatomy& a, const Level& level,
                      const BonePaint& bone, std::vector<float>& hu) {
  const float u = level.z() / a.height;
  const float half = curve(
      u,
      {{.10f, 0}, {.14f, 25}, {.22f, 24}, {.28f, 15}, {.45f, 17}, {.6f, 17}, {.7f, 9}, {.78f, 0}});
  if (half < 2) return;
  const Vec2 c{a.spine_x(level.z()), level.cavity().point(-kPi / 2, 0).y - 8.5f};
  canvas.near(c, half + 8, [&](Vec2 p, std::size_t i) {
    const Vec2 q{p.x - c.x, p.y - c.y - 0.006f * (p.x - c.x) * (p.x - c.x)};
    bone(hu[i], p, box_distance(q, half, 5.6f, 3.5f), 1.1f, 190);
  });
}

}  // namespace

void paint_bones(const Canvas& canvas, const Anatomy& a, const Level& level,
                 const NoiseField& noise, std::vector<float>& hu) {
  const BonePaint bone{a, noise, canvas.softness(), level.z()};
  paint_ribs(canvas, a, level, bone, hu);
  paint_shoulder_blades(canvas, a, level, bone, hu);
  paint_breastbone(canvas, a, level, bone, hu);
  paint_vertebra(canvas, a, level, bone, hu);
}

}  // namespace hilum::phantom
