// Places lesions where the diseases put them. Every slice of a patient with a disease gets its
// share: a label that the picture cannot show would be noise in the set.
#include "data/phantom_lesions.h"

#include <optional>

namespace hilum::phantom {

namespace {

struct Placer {
  const Anatomy& anatomy;
  const std::vector<float>& slices;
  const NoiseField& noise;
  Stream& r;
  std::vector<Level> levels;  // one a slice
  Lesions lesions;

  Placer(const Anatomy& a, const std::vector<float>& z, const NoiseField& n, Stream& stream)
      : anatomy(a), slices(z), noise(n), r(stream) {
    for (float at : z) levels.emplace_back(a, at);
  }

  // Square millimetres of lung that the patch covers in slice i.
  float section_area(const Patch& patch, std::size_t i) const {
    const float reach = std::max(patch.u, patch.v) * (1 + patch.ragged), step = 2.5f;
    float area = 0;
    for (float y = -reach; y <= reach; y += step) {
      for (float x = -reach; x <= reach; x += step) {
        const Vec3 p{patch.centre.x + x, patch.centre.y + y, slices[i]};
        if (patch_distance(patch, noise, p) < 0 && in_lobe(patch, p) &&
            levels[i].side(flat(p)) == patch.side && levels[i].lungs(flat(p)) < -1) {
          area += step * step;
        }
      }
    }
    return area;
  }
  bool in_lobe(const Patch& patch, Vec3 p) const {
    return patch.fissure_side == 0 ||
           static_cast<float>(patch.fissure_side) * anatomy.fissure(patch.side, p) > 0;
  }
  // By masses alone where `solid`: their faint halos do not count.
  bool covered(std::size_t i, float least_area, bool solid = false) const {
    float area = 0;
    for (const Patch& patch : lesions.patches) {
      if (solid && !patch.solid) continue;
      if (std::abs(patch.centre.z - slices[i]) < patch.w) area += section_area(patch, i);
      if (area >= least_area) return true;
    }
    return false;
  }
  // Draws patches at slice i with `make(level)` until its section is large enough; where the lung
  // has little room, as beside a high dome, it is content with less after a while.
  template <class Make>
  void cover(std::size_t i, float least_area, Make make) {
    for (int attempt = 0; attempt < 90; ++attempt) {
      const float enough = attempt < 45 ? least_area : least_area * (91 - attempt) / 46.f;
      const std::optional<Patch> patch = make(levels[i]);
      if (patch && section_area(*patch, i) >= enough) {
        lesions.patches.push_back(*patch);
        return;
      }
    }
  }

  // A place `depth` under the pleura; alpha: angle from the back (0) around to the front (pi).
  std::optional<Patch> under_pleura(const Level& level, Side side, float alpha, float depth) const {
    const float angle = side == Side::right ? kPi / 2 + alpha : kPi / 2 - alpha;
    for (float inward = 0; inward < 70; inward += 2) {
      const Vec2 p = level.cavity().point(angle, -depth - inward);
      if (level.side(p) == side && level.lungs(p) < -std::min(depth, 6.f)) {
        Patch patch;
        patch.side = side;
        patch.centre = {p.x, p.y, level.z()};
        patch.axis_v = {std::cos(angle), std::sin(angle), 0};
        patch.axis_u = {-patch.axis_v.y, patch.axis_v.x, 0};
        return patch;
      }
    }
    return {};
  }
  Side any_side() { return r.chance(0.5f) ? Side::right : Side::left; }
  std::size_t any_slice() { return r.below(slices.size()); }
};

void draw_covid(Placer& at) {
  Stream& r = at.r;
  const float severity = r.uniform(), crazy = r.chance(0.45f) ? r.range(0.4f, 1) : 0;
  const float density = at.anatomy.lung_hu + mix(190, 400, severity) + r.range(-30, 40);
  const Side first = at.any_side();
  const auto make = [&](const Level& level) -> std::optional<Patch> {
    const Side side = r.chance(0.5f) ? first : (first == Side::right ? Side::left : Side::right);
    const bool central = r.chance(0.15f);
    const float alpha = 0.3f + 2.3f * std::pow(r.uniform(), 1.6f);
    std::optional<Patch> p =
        at.under_pleura(level, side, alpha, central ? r.range(20, 45) : r.range(1, 9));
    if (!p) return {};
    const float size = mix(0.75f, 1.25f, severity) * r.range(0.8f, 1.25f);
    p->u = size * (central ? r.range(10, 18) : r.range(15, 34));
    p->v = size * (central ? r.range(9, 16) : r.range(8, 17));
    p->w = size * r.range(9, 24);
    p->centre.z += r.range(-0.5f, 0.5f) * p->w;
    p->ragged = r.range(0.35f, 0.65f);
    p->grain = r.range(9, 18);
    p->edge = r.range(4, 9);
    p->hu = density + r.range(-40, 60);
    p->opacity = r.range(0.8f, 1);
    p->reticulation = crazy * r.range(0.6f, 1);
    return p;
  };
  // More of it the lower the slice.
  const float slab = at.slices.back() - at.slices.front();
  const auto count = static_cast<std::size_t>(mix(1, 5, severity) * (2 + slab / 14));
  for (std::size_t k = 0; k < count; ++k) {
    const Level& level = at.levels[at.any_slice()];
    if (!r.chance(0.25f + level.z() / at.anatomy.height)) continue;
    const std::optional<Patch> patch = make(level);
    if (!patch) continue;
    at.lesions.patches.push_back(*patch);
    if (severity > 0.55f && r.chance(0.35f)) {  // a consolidated core
      Patch core = *patch;
      core.u *= 0.6f, core.v *= 0.6f, core.w *= 0.6f;
      core.centre = core.centre + 0.25f * core.v * core.axis_v;
      core.hu = r.range(-220, -20);
      at.lesions.patches.push_back(core);
    }
  }
  for (std::size_t i = 0; i < at.slices.size(); ++i) {
    if (!at.covered(i, 220)) at.cover(i, 220, make);
  }
}

void draw_pneumonia(Placer& at) {
  Stream& r = at.r;
  const float severity = r.uniform();
  const Side side = at.any_side();
  const int lobe = r.chance(0.6f) ? 1 : -1;  // below or above the fissure
  const float alpha_centre = lobe > 0 ? r.range(0.35f, 1.1f) : r.range(1.1f, 2.3f);
  const auto make_of = [&](Side of, float size, float around) {
    return [&, of, size, around](const Level& level) -> std::optional<Patch> {
      const float alpha = std::clamp(around + r.range(-0.45f, 0.45f), 0.25f, 2.6f);
      std::optional<Patch> p = at.under_pleura(level, of, alpha, r.range(4, 16));
      if (!p) return {};
      p->u = size * r.range(19, 34);
      p->v = size * r.range(20, 38);
      p->w = size * r.range(16, 30);
      p->centre.z += r.range(-0.4f, 0.4f) * p->w;
      p->ragged = r.range(0.4f, 0.65f);
      p->grain = r.range(16, 28);
      p->edge = r.range(3, 8);
      p->hu = r.range(-40, 45);
      p->opacity = r.range(0.92f, 1);
      p->fissure_side = lobe;
      return p;
    };
  };
  // Around each consolidation a rim that is only partly filled.
  const auto add_rims = [&](std::size_t from) {
    for (std::size_t k = from, n = at.lesions.patches.size(); k < n; ++k) {
      Patch rim = at.lesions.patches[k];
      rim.u *= 1.22f, rim.v *= 1.22f, rim.w *= 1.15f;
      rim.edge = r.range(7, 12), rim.ragged = 0.7f, rim.grain = r.range(7, 12);
      rim.hu = r.range(-560, -380), rim.opacity = 0.8f;
      at.lesions.patches.push_back(rim);
    }
  };
  const float size = mix(0.62f, 1.7f, severity);
  at.cover(at.any_slice(), 200, make_of(side, size, alpha_centre));
  for (std::size_t i = 0; i < at.slices.size(); ++i) {
    if (!at.covered(i, 260)) {
      at.cover(i, 260, make_of(side, mix(0.62f, 1.2f, severity), alpha_centre));
    }
    // A slice that holds too little of the chosen lobe gets its share beyond the fissure, low at
    // the back.
    if (!at.covered(i, 120)) {
      at.cover(i, 120, [&](const Level& level) {
        std::optional<Patch> p = make_of(side, 0.8f, 0.7f)(level);
        if (p) p->fissure_side = 0;
        return p;
      });
    }
  }
  if (r.chance(0.15f)) {
    at.cover(at.any_slice(), 120,
             make_of(side == Side::right ? Side::left : Side::right, 0.7f, alpha_centre));
  }
  add_rims(0);
  at.lesions.effusion = r.chance(0.3f);
  at.lesions.effusion_side = side;
  at.lesions.effusion_level = r.range(10, 20 + 25 * severity);
}

// A mass, its spicules, tags to the pleura, perhaps a cavity and a faint halo.
void dress_mass(Placer& at, const Patch& mass, const Level& level) {
  Stream& r = at.r;
  const float radius = mass.u;
  // Spicules leave the mass wherever a slice cuts it, so that each section shows its own.
  for (const float z : at.slices) {
    const float off = (z - mass.centre.z) / mass.w;
    if (off * off > 0.95f) continue;
    const float section = radius * std::sqrt(1 - off * off);
    const auto spicules = static_cast<std::size_t>(r.range(5, 10) + 0.4f * section);
    for (std::size_t k = 0; k < spicules; ++k) {
      const float turn =
          2 * kPi * (static_cast<float>(k) + r.range(-0.6f, 0.6f)) / static_cast<float>(spicules);
      const Vec3 d{std::cos(turn), std::sin(turn), 0.1f * r.normal()};
      const float tip = section + std::min(r.range(2.5f, 6) + 0.6f * section * r.uniform(), 16.f);
      const Vec3 centre{mass.centre.x, mass.centre.y, z};
      at.lesions.strands.push_back({centre + 0.6f * section * d, centre + tip * d,
                                    r.range(0.6f, 1.1f) + 0.05f * section, r.range(0.2f, 0.6f)});
    }
  }
  const std::size_t tags = r.below(3);
  for (std::size_t k = 0; k < tags; ++k) {
    const Vec2 centre = level.cavity().centre(), out = flat(mass.centre) - centre;
    const float angle = std::atan2(out.y, out.x) + r.range(-0.22f, 0.22f);
    const Vec2 pleura = level.cavity().point(angle, -0.5f);
    if (length(pleura - flat(mass.centre)) > radius + 32) continue;
    at.lesions.strands.push_back({mass.centre,
                                  {pleura.x, pleura.y, mass.centre.z + r.range(-3, 3)},
                                  r.range(0.8f, 1.2f),
                                  r.range(0.7f, 1.6f)});
  }
  if (radius > 9 && r.chance(0.3f)) {
    Patch hole = mass;
    const float share = r.range(0.35f, 0.6f);
    hole.centre =
        hole.centre + Vec3{0.2f * radius * r.range(-1, 1), 0.2f * radius * r.range(-1, 1), 0};
    hole.u *= share, hole.v *= share * r.range(0.7f, 1.1f), hole.w *= share;
    hole.ragged = 0.35f, hole.edge = 1.5f, hole.hu = r.range(-990, -900),
    hole.grain = 0.7f * radius;
    at.lesions.cavities.push_back(hole);
  }
}

void draw_carcinoma(Placer& at) {
  Stream& r = at.r;
  const bool halo = r.chance(0.35f);
  const float density = r.range(20, 55) + 0.2f * at.anatomy.contrast;
  const auto make_of = [&](float low, float high) {
    return [&, low, high](const Level& level) -> std::optional<Patch> {
      const float radius = mix(low, high, std::pow(r.uniform(), 1.4f));
      const bool peripheral = r.chance(0.65f);
      std::optional<Patch> p = at.under_pleura(
          level, at.any_side(), r.range(0.3f, 2.6f),
          radius * r.range(0.5f, 1) + (peripheral ? r.range(0, 14) : r.range(20, 50)));
      if (!p) return {};
      p->u = radius, p->v = radius * r.range(0.75f, 1.05f), p->w = radius * r.range(0.85f, 1.2f);
      p->centre.z += r.range(-0.35f, 0.35f) * p->w;
      p->ragged = r.range(0.25f, 0.45f);
      p->grain = 0.75f * radius + 1.5f;
      p->edge = 1.2f;
      p->hu = density;
      p->solid = true;
      return p;
    };
  };
  const auto add = [&](std::size_t i, float low, float high, float least_area) {
    const std::size_t before = at.lesions.patches.size();
    at.cover(i, least_area, make_of(low, high));
    if (at.lesions.patches.size() > before) {
      const Patch mass = at.lesions.patches.back();
      dress_mass(at, mass, at.levels[i]);
      if (halo) {
        Patch around = mass;
        around.u *= 1.4f, around.v *= 1.4f, around.w *= 1.3f;
        around.edge = 5, around.hu = -660, around.solid = false, around.opacity = 0.8f;
        at.lesions.patches.push_back(around);
      }
    }
  };
  add(at.any_slice(), 4.5f, 20, 40);
  // Slices that the first mass does not reach show further, smaller nodules.
  for (std::size_t i = 0; i < at.slices.size(); ++i) {
    if (!at.covered(i, 38, true)) add(i, 4.2f, 11, 38);
  }
}

}  // namespace

float patch_distance(const Patch& patch, const NoiseField& noise, Vec3 p) {
  const Vec3 q = p - patch.centre;
  const float a = dot(q, patch.axis_u) / patch.u, b = dot(q, patch.axis_v) / patch.v,
              c = q.z / patch.w;
  const float k = std::sqrt(a * a + b * b + c * c);
  const float shift = k > 2.2f ? 0 : patch.ragged * noise.rough(p.x, p.y, p.z, patch.grain);
  return (k - 1 - shift) * std::min({patch.u, patch.v, patch.w});
}

float effusion_front(const Anatomy& a, const Lesions& lesions, const NoiseField& noise, Vec2 p,
                     float z) {
  if (!lesions.effusion) return 1e3f;
  // Lying on the back, fluid fills the lowest part; less the higher up. Its edge climbs at the
  // sides.
  const float thick = lesions.effusion_level * curve(z / a.height, {{.3f, 0}, {.8f, 1}});
  const float climb = 5e-4f * (p.x - a.spine_x(z)) * (p.x - a.spine_x(z));
  return a.back(z) + 4 - thick - std::min(climb, 0.6f * thick) +
         2 * noise.at(p.x * 0.05f, 0.3f, z * 0.05f);
}

Lesions draw_lesions(const Anatomy& anatomy, PhantomClass label, const std::vector<float>& slices,
                     const NoiseField& noise, Stream stream) {
  if (label == PhantomClass::normal) return {};
  Placer at(anatomy, slices, noise, stream);
  if (label == PhantomClass::covid) draw_covid(at);
  if (label == PhantomClass::pneumonia) draw_pneumonia(at);
  if (label == PhantomClass::carcinoma) draw_carcinoma(at);
  return at.lesions;
}

}  // namespace hilum::phantom
