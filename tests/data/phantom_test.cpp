// Phantom slices: what masks promise, that the lesion is there to be learnt, and that nothing but
// the lesion tells the class.
#include "data/phantom.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "data/metrics.h"
#include "tests/data/fixtures.h"

namespace hilum::test {
namespace {

constexpr PhantomClass kAll[] = {PhantomClass::carcinoma, PhantomClass::covid, PhantomClass::normal,
                                 PhantomClass::pneumonia};
constexpr PhantomClass kDiseases[] = {PhantomClass::carcinoma, PhantomClass::covid,
                                      PhantomClass::pneumonia};

PhantomOptions small(std::size_t slices = 3, std::size_t size = 96) {
  PhantomOptions options;
  options.slices = slices;
  options.size = size;
  options.seed = 11;
  return options;
}

std::size_t count(const Image& mask) {
  return static_cast<std::size_t>(std::count(mask.pixels.begin(), mask.pixels.end(), 255));
}

// Mean gray value where `in` holds of the pixel's index.
template <class In>
double mean_where(const Image& image, In in) {
  double sum = 0, n = 0;
  for (std::size_t i = 0; i < image.pixels.size(); ++i) {
    if (in(i)) sum += image.pixels[i], n += 1;
  }
  return n > 0 ? sum / n : 0;
}

// Whether any pixel within two of this one is lung.
bool near_lung(const Image& lung, std::size_t i) {
  const auto n = static_cast<long>(lung.width);
  const long row = static_cast<long>(i) / n, column = static_cast<long>(i) % n;
  for (long r = std::max(0L, row - 2); r <= std::min(n - 1, row + 2); ++r) {
    for (long c = std::max(0L, column - 2); c <= std::min(n - 1, column + 2); ++c) {
      if (lung.pixels[static_cast<std::size_t>(r * n + c)]) return true;
    }
  }
  return false;
}

TEST(Phantom, MasksAreWhatTheyPromise) {
  for (std::size_t patient = 0; patient < 12; ++patient) {
    const PhantomClass label = kAll[patient % 4];
    const PhantomPatient made(small(), patient, label);
    for (std::size_t slice = 0; slice < 3; ++slice) {
      const PhantomSlice s = make_phantom_slice(made, slice);
      for (const Image* image : {&s.image, &s.lung, &s.lesion}) {
        ASSERT_EQ(image->height, 96u);
        ASSERT_EQ(image->width, 96u);
        ASSERT_EQ(image->channels, 1u);
        ASSERT_EQ(image->pixels.size(), 96u * 96u);
      }
      const double lung_share = static_cast<double>(count(s.lung)) / (96 * 96);
      EXPECT_GT(lung_share, 0.04) << "patient " << patient << " slice " << slice;
      EXPECT_LT(lung_share, 0.50) << "patient " << patient << " slice " << slice;
      EXPECT_EQ(count(s.lesion) == 0, label == PhantomClass::normal)
          << "patient " << patient << " slice " << slice;
      for (std::size_t i = 0; i < s.lung.pixels.size(); ++i) {
        ASSERT_TRUE(s.lung.pixels[i] == 0 || s.lung.pixels[i] == 255);
        ASSERT_TRUE(s.lesion.pixels[i] == 0 || s.lung.pixels[i] == 255)
            << "lesion outside the lungs";
      }
      // Both sides of the patient hold lung, and the body around it is brighter than lung and air.
      const auto in_half = [&](bool left) {
        std::size_t n = 0;
        for (std::size_t i = 0; i < s.lung.pixels.size(); ++i) {
          n += s.lung.pixels[i] && (i % 96 < 48) == left;
        }
        return n;
      };
      EXPECT_GT(in_half(true), 60u);
      EXPECT_GT(in_half(false), 60u);
    }
  }
}

// A disease that the picture does not show would be a wrong label.
TEST(Phantom, LesionsAreDenserThanTheLungAroundThem) {
  double weakest = 1e9;
  for (const PhantomClass label : kDiseases) {
    for (std::size_t patient = 100; patient < 112; ++patient) {
      const PhantomPatient made(small(2, 128), patient, label);
      for (std::size_t slice = 0; slice < 2; ++slice) {
        const PhantomSlice s = make_phantom_slice(made, slice);
        const auto is = [](const Image& mask, std::size_t i) { return mask.pixels[i] == 255; };
        const double inside = mean_where(s.image, [&](std::size_t i) { return is(s.lesion, i); });
        const double around =
            mean_where(s.image, [&](std::size_t i) { return is(s.lung, i) && !is(s.lesion, i); });
        weakest = std::min(weakest, inside - around);
        EXPECT_GT(inside, around + 5) << "class " << static_cast<std::size_t>(label) << " patient "
                                      << patient << " slice " << slice;
      }
    }
  }
  RecordProperty("weakest_contrast_gray", static_cast<int>(weakest));
}

// The strongest form of "no shortcut": a patient with a disease and the same patient without it
// have the same pixels outside the lungs, bit for bit: body, table, position, noise, windowing.
TEST(Phantom, OnlyTheLungsDifferBetweenClasses) {
  for (std::size_t patient = 20; patient < 26; ++patient) {
    const PhantomPatient healthy(small(1), patient, PhantomClass::normal);
    const PhantomSlice base = make_phantom_slice(healthy, 0);
    for (const PhantomClass label : kDiseases) {
      const PhantomSlice sick = make_phantom_slice(PhantomPatient(small(1), patient, label), 0);
      EXPECT_EQ(sick.lung.pixels, base.lung.pixels);
      EXPECT_NE(sick.image.pixels, base.image.pixels);
      for (std::size_t i = 0; i < base.image.pixels.size(); ++i) {
        if (!near_lung(base.lung, i)) {
          ASSERT_EQ(sick.image.pixels[i], base.image.pixels[i]) << "patient " << patient;
        }
      }
    }
  }
}

// Different patients, one class each: what a lazy network could look at does not separate the
// classes beyond chance. Bound: three deviations of the area under the curve under no difference,
// sqrt((m + n + 1) / (12 m n)) (Hanley and McNeil 1982), and 0.25 for the whole image's mean, which
// the lesions do move.
TEST(Phantom, ShortcutsDoNotSeparateClasses) {
  constexpr std::size_t kEach = 36;
  struct Features {
    double frame, outside_lungs, spread_of_air, lung_share, whole;
  };
  std::vector<Features> by_class[4];
  for (std::size_t patient = 0; patient < 4 * kEach; ++patient) {
    const PhantomSlice s =
        make_phantom_slice(PhantomPatient(small(1, 64), 1000 + patient, kAll[patient % 4]), 0);
    Features f{};
    f.frame = mean_where(s.image, [](std::size_t i) {
      const std::size_t row = i / 64, column = i % 64;
      return row < 4 || row >= 60 || column < 4 || column >= 60;
    });
    f.outside_lungs = mean_where(s.image, [&](std::size_t i) { return !near_lung(s.lung, i); });
    f.spread_of_air = mean_where(s.image, [&](std::size_t i) { return i / 64 < 6; });
    f.lung_share = static_cast<double>(count(s.lung));
    f.whole = mean_where(s.image, [](std::size_t) { return true; });
    by_class[patient % 4].push_back(f);
  }
  const auto auc = [&](std::size_t a, std::size_t b, double Features::*feature) {
    std::vector<bool> positive;
    std::vector<double> score;
    for (const std::size_t label : {a, b}) {
      for (const Features& f : by_class[label]) {
        positive.push_back(label == a);
        score.push_back(f.*feature);
      }
    }
    return roc_auc(positive, score).value;
  };
  const double chance = 3 * std::sqrt((2.0 * kEach + 1) / (12.0 * kEach * kEach));
  for (std::size_t a = 0; a < 4; ++a) {
    for (std::size_t b = a + 1; b < 4; ++b) {
      const auto pair = testing::Message()
                        << kPhantomClassNames[a] << " against " << kPhantomClassNames[b];
      EXPECT_NEAR(auc(a, b, &Features::frame), 0.5, chance) << pair;
      EXPECT_NEAR(auc(a, b, &Features::outside_lungs), 0.5, chance) << pair;
      EXPECT_NEAR(auc(a, b, &Features::spread_of_air), 0.5, chance) << pair;
      EXPECT_NEAR(auc(a, b, &Features::lung_share), 0.5, chance) << pair;
      EXPECT_NEAR(auc(a, b, &Features::whole), 0.5, 0.25) << pair;
    }
  }
}

TEST(Phantom, SeedPatientAndSliceEachChangeThePicture) {
  const PhantomPatient one(small(2), 3, PhantomClass::covid);
  const PhantomSlice first = make_phantom_slice(one, 0);
  EXPECT_EQ(make_phantom_slice(PhantomPatient(small(2), 3, PhantomClass::covid), 0).image.pixels,
            first.image.pixels);
  EXPECT_NE(make_phantom_slice(one, 1).image.pixels, first.image.pixels);
  EXPECT_NE(make_phantom_slice(PhantomPatient(small(2), 4, PhantomClass::covid), 0).image.pixels,
            first.image.pixels);
  PhantomOptions other = small(2);
  other.seed = 12;
  EXPECT_NE(make_phantom_slice(PhantomPatient(other, 3, PhantomClass::covid), 0).image.pixels,
            first.image.pixels);
}

TEST(Phantom, ResolutionOnlySamplesTheSamePatient) {
  const PhantomSlice coarse =
      make_phantom_slice(PhantomPatient(small(1, 64), 5, PhantomClass::covid), 0);
  const PhantomSlice fine =
      make_phantom_slice(PhantomPatient(small(1, 192), 5, PhantomClass::covid), 0);
  const auto share = [](const Image& mask) {
    return static_cast<double>(count(mask)) / static_cast<double>(mask.pixels.size());
  };
  EXPECT_NEAR(share(coarse.lung), share(fine.lung), 0.015);
  EXPECT_NEAR(share(coarse.lesion), share(fine.lesion), 0.015);
  const auto everywhere = [](std::size_t) { return true; };
  EXPECT_NEAR(mean_where(coarse.image, everywhere), mean_where(fine.image, everywhere), 3);
}

TEST(Phantom, SmallestAndOddSizesWork) {
  for (const std::size_t size : {32u, 77u}) {
    for (const PhantomClass label : kDiseases) {
      const PhantomSlice s = make_phantom_slice(PhantomPatient(small(1, size), 9, label), 0);
      EXPECT_EQ(s.image.pixels.size(), size * size);
      EXPECT_GT(count(s.lesion), 0u);
    }
  }
}

TEST(Phantom, RefusesWhatItCannotMake) {
  const auto patient_of = [](std::size_t slices, std::size_t size) {
    return [=] { PhantomPatient(small(slices, size), 0, PhantomClass::normal); };
  };
  EXPECT_HAS(message_of(ErrorKind::usage, patient_of(1, 31)), "31");
  EXPECT_HAS(message_of(ErrorKind::usage, patient_of(1, 2049)), "2049");
  message_of(ErrorKind::usage, patient_of(0, 64));
  const PhantomPatient patient(small(2), 0, PhantomClass::normal);
  EXPECT_HAS(message_of(ErrorKind::usage, [&] { make_phantom_slice(patient, 2); }), "0 to 1");
}

}  // namespace
}  // namespace hilum::test
