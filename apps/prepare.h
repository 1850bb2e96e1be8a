// From a path on the command line to a set that can be learned from: read, checked image by image,
// split. train, evaluate and `data split` all come through here.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/session.h"
#include "data/dataset.h"
#include "data/image_cache.h"

namespace hilum {

// Reads the set and decodes every image once; into `images`, where they are given, but for those of
// the test part. Notes go to stderr. Images that cannot be read are listed there and counted; they
// are a data error, or left out with `skip_bad`.
Dataset open_dataset(const std::filesystem::path& path, const std::vector<std::string>& classes,
                     bool skip_bad, const Session& session, ImageCache* images = nullptr);
void reject_bad_images(Dataset& dataset, bool skip_bad, const Session& session,
                       ImageCache* images = nullptr);

// Makes sure there are "train" and "val" parts, each with every class: the set's own, or drawn by
// (fractions, seed) from all of it, or, where the set has no "val", from its "train" part alone.
void split_for_training(Dataset& dataset, const SplitFractions& fractions, std::uint64_t seed,
                        const Session& session);

bool has_splits(const Dataset& dataset);

// "424 images: COVID 191, NonCOVID 233"
std::string describe_part(const Dataset& dataset, const std::vector<std::size_t>& which);

}  // namespace hilum
