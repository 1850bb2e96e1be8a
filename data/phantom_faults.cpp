// Plants faults: files first, the manifest last.
#include "data/phantom_faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "data/csv.h"
#include "data/dataset.h"
#include "data/image.h"
#include "engine/file.h"
#include "kernels/error.h"
#include "kernels/philox.h"

namespace hilum {
namespace {

namespace fs = std::filesystem;

struct Planter {
  fs::path root;
  Dataset dataset;
  std::vector<std::size_t> order;  // training images in random order, each used once
  std::vector<PlantedFault> planted;
  std::size_t used = 0;

  std::size_t next_source() {
    if (used == order.size()) {
      throw data_error("{}: too few training images to plant faults in. Draw more patients.",
                       root.string());
    }
    return order[used++];
  }
  std::string relative(const fs::path& path) const {
    return path.lexically_relative(root).string();
  }
  // A new test image of a patient of its own.
  void add_copy(const char* kind, std::size_t source, const std::string& bytes) {
    const Item from = dataset.items[source];
    Item item = from;
    item.split = "test";
    item.group = fmt::format("x{:04}", planted.size());
    item.path = root / "test" / dataset.classes[item.label] / (item.group + ".png");
    write_file_atomically(item.path, bytes);
    dataset.items.push_back(item);
    planted.push_back({kind, relative(item.path), relative(from.path)});
  }
};

void plant_duplicates(Planter& p, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t source = p.next_source();
    p.add_copy("duplicates", source, read_file(p.dataset.items[source].path));
  }
}

Image without_border(const Image& image, std::size_t border) {
  Image inner{image.height - 2 * border, image.width - 2 * border, 1, {}};
  for (std::size_t y = border; y < image.height - border; ++y) {
    const std::uint8_t* row = &image.pixels[y * image.width];
    inner.pixels.insert(inner.pixels.end(), row + border, row + image.width - border);
  }
  return inner;
}

std::string changed(const Image& image, std::size_t way) {
  switch (way % 4) {
    case 0:
      return encode_png(resize(image, image.height / 2, image.width / 2));
    case 1:
      return encode_jpeg(image, 40);
    case 2: {
      Image brighter = image;
      for (std::uint8_t& v : brighter.pixels) v = static_cast<std::uint8_t>(std::min(255, v + 25));
      return encode_png(brighter);
    }
    default:
      return encode_png(without_border(image, 2));
  }
}

void plant_near(Planter& p, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) {
    const std::size_t source = p.next_source();
    p.add_copy("near", source, changed(read_image(p.dataset.items[source].path, 1), k));
  }
}

void plant_patients(Planter& p, std::size_t count) {
  std::map<std::string, std::vector<std::size_t>> slices;
  for (std::size_t i = 0; i < p.dataset.items.size(); ++i) {
    const Item& item = p.dataset.items[i];
    if (item.split == "train" && item.group.starts_with('p')) slices[item.group].push_back(i);
  }
  for (const auto& [patient, list] : slices) {
    if (count == 0) return;
    if (list.size() < 2) continue;
    // Their slices are planted nowhere else, or a copy and its source would both be test images.
    std::erase_if(p.order, [&](std::size_t i) { return p.dataset.items[i].group == patient; });
    for (std::size_t k = 0; k < list.size() / 2; ++k) p.dataset.items[list[k]].split = "test";
    p.planted.push_back({"patients", p.relative(p.dataset.items[list[0]].path), patient});
    --count;
  }
}

void plant_swapped(Planter& p, std::size_t count) {
  std::set<std::string> patients;  // one slice each, or the wrong class would be in the majority
  while (patients.size() < count) {
    Item& item = p.dataset.items[p.next_source()];
    if (!patients.insert(item.group).second) continue;
    item.label = (item.label + 1) % p.dataset.classes.size();
    p.planted.push_back({"swapped", p.relative(item.path), item.group});
  }
}

// A mark that has nothing to do with the lungs, on every image of one class.
void plant_cue(Planter& p, const std::string& kind) {
  for (std::size_t i = 0; i < p.dataset.items.size(); ++i) {
    const Item& item = p.dataset.items[i];
    if (p.dataset.classes[item.label] != "covid") continue;
    Image image = read_image(item.path, 1);
    if (kind == "frame") {
      for (std::size_t y = 0; y < image.height; ++y)
        for (std::size_t x = 0; x < image.width; ++x)
          if (std::min({y, x, image.height - 1 - y, image.width - 1 - x}) < 2)
            image.pixels[y * image.width + x] = 90;
    }
    write_file_atomically(item.path, kind == "frame" ? encode_png(image) : encode_jpeg(image, 95));
    p.planted.push_back({kind, p.relative(item.path), ""});
  }
}

}  // namespace

const std::set<std::string>& phantom_fault_kinds() {
  static const std::set<std::string> kinds = {"duplicates", "near",  "patients",
                                              "swapped",    "frame", "container"};
  return kinds;
}

std::vector<PlantedFault> plant_faults(const fs::path& set, const std::set<std::string>& kinds,
                                       std::size_t count, std::uint64_t seed) {
  for (const std::string& kind : kinds) {
    if (phantom_fault_kinds().count(kind) == 0) {
      throw usage_error(
          "fault '{}': expected duplicates, near, patients, swapped, frame or "
          "container.",
          kind);
    }
  }
  Planter p{set, read_dataset(set / "manifest.csv"), {}, {}, 0};
  p.order = p.dataset.indices("train");
  shuffle(p.order, seed, purpose("planted faults"));
  // Cues first, so that copies carry them too; then patients, whose slices are no sources.
  for (const char* cue : {"frame", "container"})
    if (kinds.count(cue)) plant_cue(p, cue);
  if (kinds.count("patients")) plant_patients(p, count);
  if (kinds.count("duplicates")) plant_duplicates(p, count);
  if (kinds.count("near")) plant_near(p, count);
  if (kinds.count("swapped")) plant_swapped(p, count);
  write_manifest(set / "manifest.csv", p.dataset);
  std::string text = csv_line({"kind", "path", "of"});
  for (const PlantedFault& fault : p.planted) text += csv_line({fault.kind, fault.path, fault.of});
  write_file_atomically(set / "faults.csv", text);
  return p.planted;
}

}  // namespace hilum
