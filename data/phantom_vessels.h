// Branching trees that fill the lungs: arteries with the bronchi that go along with them, and
// veins.
#pragma once

#include <vector>

#include "data/phantom_anatomy.h"

namespace hilum::phantom {

struct Bronchus {
  Cone air;        // the inside
  float wall = 0;  // mm; 0 where it is too thin to be seen
};

struct Trees {
  std::vector<Cone> vessels;
  std::vector<Bronchus> bronchi;
};

// Grown in both lungs of `anatomy`; a few thousand segments.
Trees grow_trees(const Anatomy& anatomy, Stream stream);

}  // namespace hilum::phantom
