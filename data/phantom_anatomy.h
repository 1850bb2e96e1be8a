// The body of an imagined patient in three dimensions, and its outlines at one height.
// Millimetres. x: 0 at the midline, positive to the patient's left (image right). y: positive to
// the back (image down). z: 0 at the apex of the lungs, `height` at the depth of the diaphragm's
// recess. Sizes are those of an adult at full breath, by eye and by textbook, not fitted to any one
// set.
#pragma once

#include <cstddef>
#include <vector>

#include "data/phantom_random.h"
#include "data/phantom_shapes.h"

namespace hilum::phantom {

// Hounsfield units of what there is to draw.
constexpr float kAir = -1000, kFat = -100, kMuscle = 55, kCartilage = 120, kMarrow = 220,
                kCortex = 950, kLiver = 60;

enum class Side { right, left };  // the patient's

// A tube or a ball of soft tissue in the mediastinum. The lungs stay `margin` mm away from it.
struct Organ {
  Cone shape;
  float hu = 40;
  float margin = 2;
};

struct Anatomy {
  // The frame.
  float width, depth, height;  // half width and half depth of the rib cage, height of the lungs
  float squareness;            // exponent of the superellipse
  float fat, muscle, breast;   // mm under the skin, a factor, mm
  float tilt_left;             // one side a little wider than the other, mm
  float taper;                 // how much narrower the front is than the back, a share
  float wobble[3], wobble_phase[3];  // uneven outline: second to fourth harmonic of the radius
  float kyphosis;                    // mm by which the upper spine lies further forward
  float scoliosis, scoliosis_phase;
  float vertebra_radius, vertebra_step, vertebra_phase;
  float rib_step, rib_drop, rib_phase, rib_thickness;
  float bone;  // density, a factor
  // The inside.
  float heart, heart_turn, mediastinal_fat;
  float dome_right, dome_left;   // height of each dome, as a share of `height`
  float stomach_gas;             // mm, 0: none
  float lung_hu, lung_gradient;  // mean density and its growth from front to back
  float emphysema, dependent;    // 0: none … 1
  float contrast;                // added to vessels and heart, HU
  float aorta_calcium;           // 0 … 1
  float fissure_right, fissure_left, fissure_slope;
  std::vector<Vec3> granulomas;
  float table_gap;

  std::vector<Organ> organs;     // vessels, heart chambers, gullet
  std::vector<Cone> airways;     // trachea and main bronchi: the air inside
  Vec3 hilum_right, hilum_left;  // where the arteries of each lung start
  Vec3 veins_right, veins_left;

  // Front and back edge of the rib cage's inside at height z.
  float front(float z) const;
  float back(float z) const;
  float spine_x(float z) const;
  // Factor on the radius of the chest's outlines in this direction.
  float outline_factor(float angle) const;
  Vec2 vertebra(float z) const;
  // A point from readable numbers: x in mm of an average body, y as a share of the way from the
  // front edge to the back edge, height as a share of the lung's height.
  Vec3 place(float x, float share, float u) const;
  float scale() const { return 0.5f * (width / 128 + depth / 97); }
  // Distance above (negative) or below the oblique fissure of this side, mm.
  float fissure(Side side, Vec3 p) const;
};

Anatomy draw_anatomy(Stream stream);

// Outlines at one height. Distances are negative inside.
class Level {
 public:
  Level(const Anatomy& anatomy, float z);

  float z() const { return z_; }
  float body(Vec2 p) const { return body_.distance(p); }
  float muscle(Vec2 p) const { return muscle_.distance(p); }
  const Outline& cavity() const { return cavity_; }
  const Outline& muscle_outline() const { return muscle_; }
  const Outline& body_outline() const { return body_; }
  // The middle of the chest with all its organs, and the vertebra that the lungs fold around.
  float mediastinum(Vec2 p) const;
  // Liver and stomach bulging upwards under the diaphragm; far outside where the slice is above.
  float dome(Side side, Vec2 p) const;
  // Both lungs: inside the rib cage, outside the mediastinum and the domes.
  float lungs(Vec2 p) const;
  // The same without the domes, whose edges are blurred by their slope.
  float lungs_without_domes(Vec2 p, float cavity_distance) const;
  Side side(Vec2 p) const { return p.x < middle_ ? Side::right : Side::left; }
  bool has_dome(Side side) const { return dome_scale_[side == Side::left] > 0; }
  const Ellipse& dome_outline(Side side) const { return domes_[side == Side::left]; }
  // How steeply the dome's edge leans at this height: 0 upright, 1 flat.
  float dome_lean(Side side) const { return dome_lean_[side == Side::left]; }
  const std::vector<Ellipse>& heart() const { return heart_; }

 private:
  const Anatomy* anatomy_;
  float z_, middle_;
  Outline body_, muscle_, cavity_;
  std::vector<Organ> organs_;  // those near this height
  std::vector<Cone> filling_;  // flat shapes: thymus, space around the vessels, spine
  std::vector<Ellipse> heart_;
  Ellipse domes_[2];
  float dome_scale_[2] = {0, 0}, dome_lean_[2] = {0, 0};
};

}  // namespace hilum::phantom
