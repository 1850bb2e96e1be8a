// What the three diseases put into the lungs of an imagined patient.
#pragma once

#include <vector>

#include "data/phantom.h"
#include "data/phantom_anatomy.h"

namespace hilum::phantom {

// A region of denser lung with a ragged edge: an ellipsoid whose surface is shifted by noise.
struct Patch {
  Vec3 centre;
  Vec3 axis_u, axis_v;           // unit vectors in the slice plane; the third axis is z
  float u = 10, v = 10, w = 10;  // half axes, mm
  float ragged = 0.2f;           // how far noise moves the edge, as a share of the half axes
  float grain = 12;              // mm, size of that noise
  float edge = 4;                // mm over which it fades out
  float hu = -550;               // what the lung becomes, vessels and open bronchi left as they are
  float opacity = 1;
  float reticulation = 0;  // 0 … 1: thickened septa drawn as a net (crazy paving)
  bool solid = false;      // hides vessels and bronchi (tumour)
  int fissure_side = 0;    // +1 / -1: stays below / above the oblique fissure; 0: crosses it
  Side side = Side::right;
};

struct Lesions {
  std::vector<Patch> patches;
  std::vector<Cone> strands;    // spicules and pleural tags
  std::vector<Patch> cavities;  // air within a mass
  bool effusion = false;        // fluid at the back of one side
  Side effusion_side = Side::right;
  float effusion_level = 0;  // mm in front of the back edge, at the base
};

// At each height of `slices` the lesion is cut; at least one patch is placed for each where the
// others do not reach. Normal: empty.
Lesions draw_lesions(const Anatomy& anatomy, PhantomClass label, const std::vector<float>& slices,
                     const NoiseField& noise, Stream stream);

// Signed distance to the patch's surface at p, mm, approximate; `noise` makes it ragged.
float patch_distance(const Patch& patch, const NoiseField& noise, Vec3 p);

// Front of the fluid at height z: lung with y beyond it is fluid. Large where there is none.
float effusion_front(const Anatomy& anatomy, const Lesions& lesions, const NoiseField& noise,
                     Vec2 p, float z);

}  // namespace hilum::phantom
