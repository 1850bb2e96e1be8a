// A chest-CT-like set that needs no patient and no download: seeded axial slices through an
// imagined chest, with lung and lesion masks. Four classes:
//   normal       nothing but what healthy lungs show (and their harmless look-alikes: dependent
//                density, a calcified granuloma, mild emphysema, which all classes have alike)
//   covid        patchy ground glass, mostly peripheral, low and posterior, often with crazy paving
//   pneumonia    lobar or segmental consolidation with air bronchograms, mostly one-sided
//   carcinoma    a solid spiculated mass of 8 to 40 mm, sometimes with a cavity or further nodules
// All that is not the lesion (body, vessels, scanner, noise, position, file format) is drawn
// without a look at the class: the same patient made normal has the same pixels wherever the lesion
// is not.
//
// Pixels are Hounsfield units in the window -1000 … 400 mapped to 0 … 255. The picture is shown as
// radiologists do: seen from the feet, so the patient's left is the right side of the image.
// It is a drawing for teaching and testing, not a simulation of physics.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>

#include "data/image.h"

namespace hilum {

enum class PhantomClass : std::size_t { carcinoma, covid, normal, pneumonia };
constexpr std::array<std::string_view, 4> kPhantomClassNames = {"carcinoma", "covid", "normal",
                                                                "pneumonia"};

struct PhantomOptions {
  std::size_t patients = 40;  // at least 12: one of each class in each split
  std::size_t slices = 6;     // of each patient, head to foot
  std::size_t size = 128;     // pixels a side, 32 … 2048
  std::uint64_t seed = 0;
};

struct PhantomSlice {
  Image image;   // size x size x 1
  Image lung;    // 255 in both pleural cavities, lesions and vessels inside them included; else 0
  Image lesion;  // 255 in the lesion, which lies within the lung mask; else 0. Empty iff normal
};

// One imagined person: anatomy, vessels and lesions in three dimensions, and where the slices lie.
// Depends on (seed, patient, slices, label); the size of the image changes nothing but the
// sampling.
class PhantomPatient {
 public:
  PhantomPatient(const PhantomOptions& options, std::size_t patient, PhantomClass label);
  ~PhantomPatient();
  PhantomPatient(PhantomPatient&&) noexcept;
  PhantomPatient& operator=(PhantomPatient&&) noexcept;

  struct State;
  const State& state() const { return *state_; }

 private:
  std::unique_ptr<State> state_;
};

// Usage error where `slice` is not below the patient's number of slices.
PhantomSlice make_phantom_slice(const PhantomPatient& patient, std::size_t slice);

// Called after each patient with patients done and patients in all, by one thread at a time. What
// it throws stops the work and comes out of write_phantom_set.
using PhantomProgress = std::function<void(std::size_t done, std::size_t all)>;

// Writes
//   out/{train,val,test}/<class>/<patient>_<slice>.png      70 / 15 / 15 % of the patients
//   out/masks/{lung,lesion}/<patient>_<slice>.png
//   out/manifest.csv     path,label,split,group,lung_fraction,lesion_fraction; written last
// with every class in every split and no patient in two. The same options give the same bytes
// whatever the number of threads (OpenMP over patients). Usage error: options out of range. Data
// error: `out` holds anything that an earlier call did not write, or cannot be written to. A folder
// that was made by this function is made anew; without manifest.csv a set is not complete.
void write_phantom_set(const std::filesystem::path& out, const PhantomOptions& options,
                       const PhantomProgress& progress = {});

}  // namespace hilum
