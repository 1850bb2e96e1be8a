// Draws the proportions of a patient and places the organs of the mediastinum.
#include "data/phantom_anatomy.h"

namespace hilum::phantom {

namespace {

// Share of the cage's half width and half depth at height u: narrow apex, widest low.
float width_share(float u) {
  return curve(u, {{0, .36f},
                   {.05f, .54f},
                   {.1f, .67f},
                   {.16f, .78f},
                   {.24f, .88f},
                   {.34f, .95f},
                   {.48f, 1},
                   {.75f, 1.03f},
                   {1, 1.02f}});
}
float depth_share(float u) {
  return curve(u, {{0, .34f},
                   {.06f, .48f},
                   {.12f, .6f},
                   {.2f, .73f},
                   {.3f, .86f},
                   {.42f, .96f},
                   {.55f, 1},
                   {.8f, 1.04f},
                   {1, 1.02f}});
}

void place_organs(Anatomy& a) {
  const float s = a.scale(), blood = 42 + a.contrast;
  const auto add = [&](Vec3 from, Vec3 to, float r0, float r1, float hu, float margin) {
    a.organs.push_back({{from, to, r0 * s, r1 * s}, hu, margin});
  };
  const auto at = [&](float x, float share, float u) { return a.place(x, share, u); };
  // Aorta: up from the heart, over the left main bronchus, down beside the spine.
  const float aorta = 0.9f + 0.25f * a.aorta_calcium;
  const Vec3 arch[] = {at(-7, .37f, .53f), at(-9, .35f, .33f),  at(-3, .37f, .27f),
                       at(10, .50f, .25f), at(20, .64f, .275f), at(23, .71f, .34f),
                       at(23, .715f, .5f), at(17, .73f, .8f),   at(6, .745f, 1.05f)};
  const float arch_radius[] = {17, 16, 13.5f, 12.5f, 12.5f, 12.5f, 12.5f, 12, 11.5f};
  for (std::size_t i = 0; i + 1 < std::size(arch); ++i) {
    add(arch[i], arch[i + 1], arch_radius[i] * aorta, arch_radius[i + 1] * aorta, blood, 1.5f);
  }
  // Branches of the arch and the great veins.
  add(at(-9, .37f, .27f), at(-19, .36f, .03f), 6, 5.5f, blood, 2);
  add(at(3, .44f, .26f), at(9, .42f, .02f), 4.2f, 4, blood, 2);
  add(at(12, .53f, .26f), at(22, .54f, .02f), 5, 4.6f, blood, 2);
  add(at(22, .27f, .13f), at(-20, .33f, .205f), 6, 6.5f, blood, 2);
  add(at(-29, .34f, .04f), at(-25, .38f, .2f), 6.5f, 7.5f, blood, 2);
  add(at(-25, .38f, .2f), at(-24, .42f, .56f), 8.5f, 9.5f, blood, 2);
  add(at(-20, .50f, .78f), at(-24, .53f, 1.05f), 12, 12.5f, blood, 2);
  // Pulmonary arteries: the trunk left of the aorta, the right one behind it.
  add(at(16, .30f, .54f), at(19, .39f, .435f), 14.5f, 13.5f, blood, 2);
  add(at(19, .39f, .435f), at(42, .55f, .425f), 12.5f, 9.5f, blood, 2);
  add(at(42, .55f, .425f), at(47, .63f, .54f), 9, 6, blood, 2);
  add(at(15, .41f, .455f), at(-20, .48f, .465f), 12, 10.5f, blood, 2);
  add(at(-20, .48f, .465f), at(-43, .53f, .485f), 10.5f, 8.5f, blood, 2);
  add(at(-43, .53f, .485f), at(-45, .62f, .59f), 8, 6, blood, 2);
  // Left atrium and its veins.
  add(at(-14, .52f, .58f), at(16, .53f, .58f), 17, 17, blood * .95f, 2);
  add(at(16, .54f, .56f), at(47, .60f, .555f), 8, 5, blood, 2);
  add(at(-16, .54f, .57f), at(-48, .58f, .565f), 8, 5, blood, 2);
  add(at(14, .55f, .62f), at(42, .66f, .65f), 7.5f, 4.5f, blood, 2);
  add(at(-16, .55f, .62f), at(-44, .66f, .66f), 7.5f, 4.5f, blood, 2);
  // Gullet and azygos vein.
  add(at(4, .655f, 0), at(5, .675f, .42f), 7, 7.5f, 38, 2);
  add(at(5, .675f, .42f), at(10, .665f, .92f), 7.5f, 8, 38, 2);
  add(at(-8, .725f, .36f), at(-5, .74f, 1), 4.5f, 4, blood * .9f, 1.5f);

  const auto airway = [&](Vec3 from, Vec3 to, float r0, float r1) {
    a.airways.push_back({from, to, r0 * s, r1 * s});
  };
  const Vec3 carina = at(2, .575f, .41f);
  airway(at(0, .50f, -.05f), carina, 9.2f, 9);
  airway(carina, at(-26, .58f, .475f), 7.6f, 6.6f);
  airway(at(-26, .58f, .475f), at(-32, .615f, .60f), 6.2f, 4.6f);
  airway(at(-24, .57f, .46f), at(-46, .54f, .43f), 4.8f, 3.4f);
  airway(carina, at(33, .60f, .515f), 7, 5.6f);
  airway(at(33, .60f, .515f), at(38, .65f, .61f), 5.2f, 3.8f);
  airway(at(33, .59f, .51f), at(50, .52f, .49f), 4.6f, 3.2f);

  a.hilum_right = at(-44, .57f, .53f);
  a.hilum_left = at(45, .60f, .49f);
  a.veins_right = at(-46, .60f, .59f);
  a.veins_left = at(45, .62f, .585f);
}

}  // namespace

float Anatomy::back(float z) const {
  const float u = z / height;
  return depth - kyphosis * curve(u, {{0, 1}, {.15f, .55f}, {.35f, .15f}, {.5f, 0}, {1, 0}});
}

float Anatomy::front(float z) const { return back(z) - 2 * depth * depth_share(z / height); }

float Anatomy::spine_x(float z) const {
  return scoliosis * std::sin(kPi * z / height + scoliosis_phase);
}

float Anatomy::outline_factor(float angle) const {
  float factor = 1 - taper * 2 * std::abs(std::cos(angle)) * std::max(-std::sin(angle), 0.f);
  for (int k = 0; k < 3; ++k) {
    factor += wobble[k] * std::cos(static_cast<float>(k + 2) * angle + wobble_phase[k]);
  }
  return factor;
}

Vec2 Anatomy::vertebra(float z) const { return {spine_x(z), back(z) - 0.175f * 2 * depth}; }

Vec3 Anatomy::place(float x, float share, float u) const {
  const float z = u * height, y_front = front(z);
  // Above mid chest the cage tapers faster than what lies in it: measure from the back there.
  const float reach = std::max(back(z) - y_front, 1.55f * depth);
  return {spine_x(z) + x * scale(), back(z) - (1 - share) * reach, z};
}

float Anatomy::fissure(Side side, Vec3 p) const {
  // From high at the back to low at the front, bowed like a propeller.
  const float at = (side == Side::right ? fissure_right : fissure_left) * height;
  const float bow = 6 * std::sin(p.x * 0.035f + (side == Side::right ? 0.f : 2.f));
  const float lean = side == Side::right ? 1.f : 1.15f;
  return p.z - (at + fissure_slope * lean * (back(p.z) - p.y) + bow);
}

Anatomy draw_anatomy(Stream r) {
  Anatomy a{};
  const bool woman = r.chance(0.45f);
  const float stature = r.normal(), weight = r.normal(), shape = r.normal();
  a.width = (woman ? 118.f : 131.f) + 4.5f * stature + 2.5f * weight;
  a.depth = (woman ? 84.f : 94.f) + 3 * stature + 3 * weight + 5 * shape;
  a.height = (woman ? 225.f : 250.f) + 12 * stature;
  a.squareness = r.range(2.15f, 2.55f);
  const float fatness = smoothstep(0.5f + 0.22f * weight + 0.1f * r.normal());
  a.fat = mix(4, woman ? 34 : 27, fatness);
  a.muscle = (woman ? 0.82f : 1.05f) + 0.1f * r.normal();
  a.breast = woman ? mix(6, 38, clamp01(0.35f + 0.5f * fatness + 0.15f * r.normal())) : 0;
  a.tilt_left = 3 * r.normal();
  a.taper = r.range(0, 0.11f);
  for (int k = 0; k < 3; ++k) {
    a.wobble[k] = 0.009f * r.normal();
    a.wobble_phase[k] = r.range(0, 2 * kPi);
  }
  a.kyphosis = r.range(10, 26);
  a.scoliosis = 3.5f * r.normal();
  a.scoliosis_phase = r.range(0, 2 * kPi);
  a.vertebra_radius = (woman ? 15.8f : 17.8f) + r.normal();
  a.vertebra_step = r.range(21, 25);
  a.vertebra_phase = r.uniform();
  a.rib_step = r.range(21, 25);
  a.rib_drop = r.range(105, 135);
  a.rib_phase = r.uniform();
  a.rib_thickness = r.range(3.6f, 4.6f);
  a.bone = r.range(0.75f, 1.15f);
  a.heart = 1 + 0.1f * r.normal();
  a.heart_turn = -0.62f + 0.12f * r.normal();
  a.mediastinal_fat = clamp01(0.35f + 0.45f * fatness + 0.25f * r.normal());
  a.dome_right = r.range(0.68f, 0.8f);
  a.dome_left = a.dome_right + r.range(0.02f, 0.07f);
  a.stomach_gas = r.chance(0.7f) ? r.range(10, 28) : 0;
  a.lung_hu = r.range(-885, -815);
  a.lung_gradient = r.range(20, 70);
  a.emphysema = r.chance(0.2f) ? r.range(0.3f, 1) : 0;
  a.dependent = r.chance(0.45f) ? r.range(0.2f, 1) : 0;
  a.contrast = r.chance(0.45f) ? r.range(80, 260) : 0;
  a.aorta_calcium = r.chance(0.35f) ? r.range(0.2f, 1) : 0;
  a.fissure_right = r.range(0.24f, 0.32f);
  a.fissure_left = r.range(0.22f, 0.3f);
  a.fissure_slope = r.range(0.75f, 1.0f);
  a.table_gap = r.range(1, 7);
  if (r.chance(0.15f)) {
    a.granulomas.push_back({r.range(-0.75f, 0.75f) * a.width, r.range(-0.5f, 0.6f) * a.depth,
                            r.range(0.25f, 0.75f) * a.height});
  }
  place_organs(a);
  return a;
}

Level::Level(const Anatomy& a, float z) : anatomy_(&a), z_(z), middle_(a.spine_x(z)) {
  const float u = z / a.height, s = a.scale();
  const float front = a.front(z), back = a.back(z), half_depth = 0.5f * (back - front);
  const float half_width = a.width * width_share(u);
  cavity_ = Outline({middle_, 0.5f * (front + back)}, [&](float angle) {
    const float side = std::cos(angle) * a.tilt_left;
    const float n = a.squareness + 0.25f * std::max(std::sin(angle), 0.f);
    float radius =
        a.outline_factor(angle) * superellipse_radius(angle, half_width + side, half_depth, n);
    // The gutters beside the spine reach further back; the breastbone pushes in.
    radius +=
        0.085f * half_depth *
        (angular_bump(angle, kPi / 2 - 0.46f, .24f) + angular_bump(angle, kPi / 2 + 0.46f, .24f));
    radius -= 0.04f * half_depth * angular_bump(angle, -kPi / 2, .3f);
    return radius;
  });

  // The wall: shoulders high, bulk of back and chest muscles, little below.
  const float shoulder =
      curve(u, {{0, 64}, {.12f, 50}, {.22f, 36}, {.34f, 17}, {.46f, 6}, {.65f, 0}});
  const float wall_side = 12 + a.muscle * curve(u, {{0, 20}, {.35f, 15}, {.55f, 9}, {1, 6}}) +
                          shoulder * (0.6f + 0.4f * a.muscle);
  const float mid_front = a.front(0.5f * a.height);
  const float wall_front = mid_front - 9 -
                           a.muscle * curve(u, {{0, 5}, {.35f, 7}, {.6f, 4}, {1, 3}}) +
                           curve(u, {{0, 26}, {.1f, 18}, {.22f, 7}, {.35f, 0}, {1, 0}});
  const float wall_back = a.back(z) + 30 + 6 * a.muscle;
  const Vec2 wall_centre = {middle_, 0.5f * (wall_front + wall_back)};
  const float wall_width =
      a.width * curve(u, {{0, .88f}, {.25f, .96f}, {.5f, 1}, {1, 1.03f}}) + wall_side;
  const float wall_depth = 0.5f * (wall_back - wall_front);
  const float wall_n = a.squareness + curve(u, {{0, 0}, {.3f, .15f}, {.6f, .1f}, {1, 0}});
  const auto wall = [&](float angle) {
    // The back is flattened by the table.
    const float n = wall_n + 0.45f * std::max(std::sin(angle), 0.f);
    float radius = a.outline_factor(angle) * superellipse_radius(angle, wall_width, wall_depth, n);
    const float pectoral = 8 * a.muscle * curve(u, {{0, .3f}, {.2f, 1}, {.4f, 1}, {.6f, 0}});
    radius += pectoral * (angular_bump(angle, -kPi / 2 + .6f, .28f) +
                          angular_bump(angle, -kPi / 2 - .6f, .28f));
    const float back_muscle = 5 * a.muscle;
    radius += back_muscle *
              (angular_bump(angle, kPi / 2 + .42f, .2f) + angular_bump(angle, kPi / 2 - .42f, .2f));
    return radius;
  };
  muscle_ = Outline(wall_centre, wall);
  const float breast =
      a.breast * curve(u, {{.25f, 0}, {.38f, .5f}, {.52f, 1}, {.68f, .9f}, {.85f, .1f}, {1, 0}});
  body_ = Outline(wall_centre, [&](float angle) {
    const float up = std::max(-std::sin(angle), 0.f), down = std::max(std::sin(angle), 0.f);
    float fat = a.fat * (1 - 0.35f * up * up - 0.3f * down * down * down) + 2;
    fat *=
        1 - 0.55f * angular_bump(angle, -kPi / 2, .2f) - 0.45f * angular_bump(angle, kPi / 2, .18f);
    fat += breast *
           (angular_bump(angle, -kPi / 2 + .72f, .3f) + angular_bump(angle, -kPi / 2 - .72f, .3f));
    return wall(angle) + fat;
  });

  for (const Organ& organ : a.organs) {
    const float reach = std::max(organ.shape.from_radius, organ.shape.to_radius) + organ.margin + 8;
    const auto [low, high] = std::minmax(organ.shape.from.z, organ.shape.to.z);
    if (z > low - reach && z < high + reach) organs_.push_back(organ);
  }
  const auto flat_at = [&](float x, float share) { return flat(a.place(x, share, u)); };
  // What fills the space between the organs, and the triangle that narrows behind the breastbone.
  const float tip =
      curve(u, {{0, 10}, {.2f, 5}, {.35f, 2}, {.5f, 2.5f}, {.62f, 12}, {.85f, 20}, {1, 24}});
  const float lean = curve(u, {{0, 0}, {.45f, 0}, {.7f, 8}, {1, 12}});
  filling_.push_back(flat_cone({middle_ + lean, front + tip - 6}, flat_at(-2, .36f), tip,
                               s * curve(u, {{0, 16}, {.2f, 24}, {.5f, 22}, {.8f, 14}, {1, 16}})));
  filling_.push_back(flat_cone(flat_at(0, .42f), flat_at(3, .68f),
                               s * curve(u, {{0, 17}, {.2f, 24}, {.4f, 22}, {.7f, 15}, {1, 14}}),
                               s * curve(u, {{0, 15}, {.3f, 14}, {1, 15}})));
  const Vec2 spine = a.vertebra(z);
  filling_.push_back(
      flat_cone(spine, {spine.x, spine.y + 60}, a.vertebra_radius + 3.5f, a.vertebra_radius + 13));

  // The heart: an egg from .47 to 1 whose tip points left and forward, and the right atrium beside
  // it.
  const auto egg = [&](float centre_u, float half, float x, float share, float major, float minor,
                       float turn) {
    const float t = (u - centre_u) / half;
    if (t * t >= 1) return;
    const float k = std::sqrt(1 - t * t) * s * a.heart;
    heart_.push_back(turned_ellipse(flat_at(x, share), major * k, minor * k, turn));
  };
  egg(.74f, .28f, 17, .29f, 57, 43, a.heart_turn);
  egg(.66f, .17f, -19, .37f, 26, 33, .2f);
  egg(.56f, .14f, 2, .30f, 33, 27, a.heart_turn);

  const float tops[2] = {a.dome_right * a.height, a.dome_left * a.height};
  const float xs[2] = {-.48f, .50f}, ws[2] = {.60f, .53f};
  for (int i = 0; i < 2; ++i) {
    const float half = 0.34f * a.height, t = (tops[i] + half - z) / half;
    if (t >= 1) continue;
    const float k = t <= 0 ? 1 : std::sqrt(1 - t * t);
    dome_scale_[i] = k;
    dome_lean_[i] = clamp01(t);
    domes_[i] = {{middle_ + xs[i] * a.width, a.back(z) - (i == 0 ? .60f : .58f) * 2 * a.depth},
                 ws[i] * a.width * k + 1,
                 (i == 0 ? .86f : .80f) * a.depth * k + 1,
                 1,
                 0};
  }
}

float Level::mediastinum(Vec2 p) const {
  const Vec3 q{p.x, p.y, z_};
  float d = 1e3f;
  for (const Cone& shape : filling_) d = smooth_min(d, shape.distance({p.x, p.y, 0}), 8);
  for (const Organ& organ : organs_) d = smooth_min(d, organ.shape.distance(q) - organ.margin, 6);
  for (const Ellipse& shape : heart_) d = smooth_min(d, shape.distance(p) - 3, 6);
  return d;
}

float Level::dome(Side side, Vec2 p) const {
  return has_dome(side) ? dome_outline(side).distance(p) : 1e3f;
}

float Level::lungs_without_domes(Vec2 p, float cavity_distance) const {
  if (cavity_distance > 12) return cavity_distance;
  return smooth_max(cavity_distance, -mediastinum(p), 11);
}

float Level::lungs(Vec2 p) const {
  const float d = lungs_without_domes(p, cavity_.distance(p));
  return std::max({d, -dome(Side::right, p), -dome(Side::left, p)});
}

}  // namespace hilum::phantom
