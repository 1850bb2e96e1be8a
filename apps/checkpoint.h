// last.ckpt: all that a run needs to go on as if nothing had happened. A safetensors file like any
// other: the network's tensors, the optimiser's moments as "optimizer.<name>", and the rest as JSON
// in the metadata.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "apps/trainer.h"

namespace hilum {

// `data`: a fingerprint of the set, so that a run is not continued on another one.
void save_checkpoint(const std::filesystem::path& path, const Module& net, Optimizer& optimizer,
                     const NetRecipe& recipe, const TrainState& state, const std::string& data);

// Fills network and optimiser and returns the state. `optimizer_for` makes the optimiser of the
// phase that the state is in. Data errors name the file: cut short, another network, other classes,
// size or normalisation, another set.
TrainState load_checkpoint(const std::filesystem::path& path, Module& net,
                           const std::function<Optimizer&(const TrainState&)>& optimizer_for,
                           const NetRecipe& recipe, const std::string& data);

// A fingerprint of which files, of which sizes, with which labels and splits make up a set; where
// the set lies does not matter.
std::string fingerprint(const Dataset& dataset);

}  // namespace hilum
