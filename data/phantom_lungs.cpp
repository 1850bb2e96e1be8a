// Paints the inside of the lungs: air and fine tissue, fissures, lesions, vessels, bronchi.
#include "data/phantom_render.h"

namespace hilum::phantom {

namespace {

// Net of thin lines between cells of about `cell` mm: distance to the nearest border of a jittered
// grid's cells (Worley, "A cellular texture basis function", 1996). The jitter comes from `noise`.
float net_distance(const NoiseField& noise, Vec2 p, float z, float cell) {
  const float gx = p.x / cell, gy = p.y / cell;
  const float fx = std::floor(gx), fy = std::floor(gy);
  float first = 1e9f, second = 1e9f;
  for (int dy = -1; dy <= 1; ++dy) {
    for (int dx = -1; dx <= 1; ++dx) {
      const float cx = fx + static_cast<float>(dx), cy = fy + static_cast<float>(dy);
      const float jx = 0.5f + 0.6f * noise.at(cx * 1.71f, cy * 2.37f, z * 0.12f);
      const float jy = 0.5f + 0.6f * noise.at(cx * 2.13f + 11.5f, cy * 1.57f, z * 0.12f);
      const float d = std::hypot(cx + jx - gx, cy + jy - gy);
      if (d < first) {
        second = first;
        first = d;
      } else if (d < second) {
        second = d;
      }
    }
  }
  return 0.5f * (second - first) * cell;
}

struct LungPainter {
  const Canvas& canvas;
  const Anatomy& a;
  const Level& level;
  const Scanner& scanner;
  const NoiseField& noise;
  LungPicture& out;
  float soft, z;

  // What is left of the lung at this pixel's cavity distance, domes cut out with their soft edges.
  float share(Vec2 p, float cavity) const {
    float s = coverage(level.lungs_without_domes(p, cavity), soft);
    for (const Side side : {Side::right, Side::left}) {
      if (!level.has_dome(side) || s <= 0) continue;
      const float lean = level.dome_lean(side);
      s *= 1 - coverage(level.dome(side, p), soft + (2 + 2.5f * scanner.thickness) * lean * lean);
    }
    return s;
  }

  float tissue(Vec2 p, float cavity) const {
    const float back = (p.y - level.cavity().centre().y) / a.depth;
    float hu = a.lung_hu + 0.5f * a.lung_gradient * back;
    hu += 26 * noise.rough(p.x, p.y, z, 24) + 20 * noise.rough(p.x + 9, p.y, z, 3.2f);
    if (a.emphysema > 0) {
      // Small holes, more of them high up.
      const float hole = noise.rough(p.x + 5, p.y + 17, z, 8) - mix(0.62f, 0.3f, a.emphysema);
      const float high = curve(z / a.height, {{0, 1}, {.4f, .8f}, {.8f, .25f}});
      hu -= 95 * high * smoothstep(3 * hole);
    }
    if (a.dependent > 0 && back > 0.3f) {
      // Lung that its own weight has pressed: a faint band along the back.
      const float depth =
          3 + 10 * a.dependent * (0.5f + 0.8f * noise.at(p.x * 0.03f, 0, z * 0.02f));
      hu += 190 * a.dependent * smoothstep((back - 0.3f) * 1.8f) *
            smoothstep((depth + cavity) / depth);
    }
    const Side side = level.side(p);
    const float slope = std::sqrt(1 + a.fissure_slope * a.fissure_slope);
    const float to_fissure = std::abs(a.fissure(side, {p.x, p.y, z})) / slope;
    // A plane that leans this much is smeared over the slice's thickness.
    const float smear = soft + 0.6f * scanner.thickness;
    hu += 420 * tube_coverage(to_fissure, 0.35f, smear);
    return hu;
  }

  void patch(const Patch& patch, const NoiseField& ragged) {
    if (std::abs(patch.centre.z - z) > patch.w * (1 + 1.6f * patch.ragged) + patch.edge) return;
    const float reach = std::max(patch.u, patch.v) * (1 + 1.6f * patch.ragged) + patch.edge;
    canvas.near(flat(patch.centre), reach, [&](Vec2 p, std::size_t i) {
      if (out.share[i] <= 0 || level.side(p) != patch.side) return;
      const Vec3 q{p.x, p.y, z};
      float cover = coverage(patch_distance(patch, ragged, q), patch.edge + soft);
      if (patch.fissure_side != 0) {
        cover *= coverage(-static_cast<float>(patch.fissure_side) * a.fissure(patch.side, q) / 1.3f,
                          soft + 1.5f);
      }
      if (cover <= 0) return;
      const bool ground_glass = patch.hu < -300;
      float target = patch.hu, opacity = patch.opacity;
      if (ground_glass) {
        target += 110 * noise.rough(p.x, p.y + 23, z, 7);
        opacity *= clamp01(0.9f + 0.5f * noise.rough(p.x + 3, p.y, z, 5));
      } else {
        target += 22 * noise.rough(p.x, p.y + 23, z, 6);
      }
      if (patch.reticulation > 0) {
        const float line = tube_coverage(net_distance(noise, p, z, 5.5f), 0.5f, soft);
        target = mix(target, -120, 0.75f * patch.reticulation * line);
      }
      out.hu[i] =
          mix(out.hu[i], std::max(target, ground_glass ? out.hu[i] : -2000.f), cover * opacity);
      out.lesion[i] = std::max(out.lesion[i], cover);
    });
  }

  // A thin tube seen through the slice's thickness.
  template <class Paint>  // void paint(index, cover)
  void tube(const Cone& shape, float wider, Paint paint) const {
    const float widest = std::max(shape.from_radius, shape.to_radius) + wider;
    const float quarter = 0.25f * scanner.thickness;
    const auto [low, high] = std::minmax(shape.from.z, shape.to.z);
    if (z < low - widest - quarter || z > high + widest + quarter) return;
    const Vec2 middle = 0.5f * (flat(shape.from) + flat(shape.to));
    const float reach = widest + 0.5f * length(flat(shape.to) - flat(shape.from));
    const Vec3 d = shape.to - shape.from;
    const float inverse = 1 / std::max(dot(d, d), 1e-9f);
    canvas.near(middle, reach, [&](Vec2 p, std::size_t i) {
      if (out.share[i] <= 0) return;
      float cover = 0;
      for (const float height : {z - quarter, z + quarter}) {
        const Vec3 q = Vec3{p.x, p.y, height} - shape.from;
        const float t = clamp01(dot(q, d) * inverse);
        const float r = mix(shape.from_radius, shape.to_radius, t) + wider;
        cover += 0.5f * tube_coverage(length(q - t * d), r, soft);
      }
      if (cover > 0) paint(i, cover);
    });
  }
};

}  // namespace

LungPicture paint_lungs(const Canvas& canvas, const Anatomy& a, const Level& level,
                        const Scanner& scanner, const Trees& trees, const Lesions& lesions,
                        const NoiseField& noise) {
  const std::size_t n = canvas.size(), pixels = n * n;
  const float z = level.z();
  LungPicture out{std::vector<float>(pixels, kAir), std::vector<float>(pixels),
                  std::vector<float>(pixels)};
  LungPainter painter{canvas, a, level, scanner, noise, out, canvas.softness(), z};
  for (std::size_t row = 0; row < n; ++row) {
    for (std::size_t column = 0; column < n; ++column) {
      const Vec2 p = canvas.at(row, column);
      const float cavity = level.cavity().distance(p);
      if (cavity > canvas.softness()) continue;
      const std::size_t i = row * n + column;
      out.share[i] = painter.share(p, cavity);
      if (out.share[i] > 0) out.hu[i] = painter.tissue(p, cavity);
    }
  }
  for (const Patch& patch : lesions.patches) {
    if (!patch.solid) painter.patch(patch, noise);
  }
  const float blood = 42 + a.contrast;
  for (const Cone& vessel : trees.vessels) {
    painter.tube(vessel, 0, [&](std::size_t i, float cover) {
      out.hu[i] = std::max(out.hu[i], mix(out.hu[i], blood, cover));
    });
  }
  for (const Bronchus& bronchus : trees.bronchi) {
    if (bronchus.wall <= 0) continue;
    painter.tube(bronchus.air, bronchus.wall, [&](std::size_t i, float cover) {
      out.hu[i] = std::max(out.hu[i], mix(out.hu[i], -220, cover));
    });
  }
  for (const Bronchus& bronchus : trees.bronchi) {
    painter.tube(bronchus.air, 0,
                 [&](std::size_t i, float cover) { out.hu[i] = mix(out.hu[i], -975, cover); });
  }
  for (const Vec3& g : a.granulomas) {
    painter.tube({g, g, 2.2f, 2.2f}, 0,
                 [&](std::size_t i, float cover) { out.hu[i] = mix(out.hu[i], 500, cover); });
  }
  for (const Cone& strand : lesions.strands) {
    painter.tube(strand, 0, [&](std::size_t i, float cover) {
      out.hu[i] = std::max(out.hu[i], mix(out.hu[i], 20, cover));
    });
  }
  for (const Patch& patch : lesions.patches) {
    if (patch.solid) painter.patch(patch, noise);
  }
  for (const Patch& hole : lesions.cavities) painter.patch(hole, noise);
  if (lesions.effusion) {
    for (std::size_t row = 0; row < n; ++row) {
      for (std::size_t column = 0; column < n; ++column) {
        const std::size_t i = row * n + column;
        const Vec2 p = canvas.at(row, column);
        if (out.share[i] <= 0 || level.side(p) != lesions.effusion_side) continue;
        const float cover =
            coverage(effusion_front(a, lesions, noise, p, z) - p.y, canvas.softness());
        out.hu[i] = mix(out.hu[i], 14, cover);
        out.lesion[i] = std::max(out.lesion[i], cover);
      }
    }
  }
  return out;
}

}  // namespace hilum::phantom
