// Faults planted in a phantom set, to see that the audit and the probes find them. What real sets
// have, made on purpose and written down.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace hilum {

//   duplicates   test images that are bytes of a training image, under another name and patient
//   near         the same, after a change: half the size, JPEG of quality 40, brighter, a border of
//                2 pixels cut off; in turn
//   patients     training patients, half of whose slices are moved into the test part
//   swapped      training images that carry another class than the rest of their patient
//   frame        a gray line around every image of class covid
//   container    every image of class covid is a JPEG in a file named .png
const std::set<std::string>& phantom_fault_kinds();

struct PlantedFault {
  std::string kind, path, of;  // `of`: the image it was made from; of a patient, its name
};

// Into a set that write_phantom_set wrote, `count` of each but the last two: new files in
// test/<class>/x*.png, a new manifest.csv, and faults.csv with kind,path,of. Usage error for an
// unknown kind; data error where the set has too few training images.
std::vector<PlantedFault> plant_faults(const std::filesystem::path& set,
                                       const std::set<std::string>& kinds, std::size_t count = 8,
                                       std::uint64_t seed = 0);

}  // namespace hilum
