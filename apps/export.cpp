// hilum export: the network of a run for other programs, with all they need to use it.
#include <cstdio>
#include <memory>

#include "apps/command_line.h"
#include "apps/inference.h"
#include "apps/session.h"
#include "data/binary.h"
#include "engine/json.h"
#include "engine/onnx.h"
#include "engine/safetensors.h"
#include "kernels/error.h"

namespace hilum {
namespace {

struct Flags {
  std::string run, onnx, safetensors, positive;
};

// What the checkpoint says, in words that need no program of ours.
std::map<std::string, std::string> metadata_of(const NetRecipe& recipe,
                                               const std::string& positive) {
  std::map<std::string, std::string> metadata = to_metadata(recipe);
  const std::size_t which = positive_class(recipe.classes, positive);
  if (which < recipe.classes.size()) metadata["positive_class"] = recipe.classes[which];
  metadata["input"] = fmt::format(
      "{0} images resized to {1}x{1}, values in [0, 1], then (x - mean) / deviation by channel",
      recipe.channels == 1 ? "gray" : "red, green, blue", recipe.size);
  metadata["output"] = "logits; their softmax is the probability of each class";
  return metadata;
}

int run(const Flags& flags) {
  if (flags.onnx.empty() && flags.safetensors.empty()) {
    throw usage_error("export: nothing to write. Expected --onnx FILE or --safetensors FILE.");
  }
  const TrainedNet trained = load_trained(flags.run);
  const NetRecipe& recipe = trained.recipe;
  const auto metadata = metadata_of(recipe, flags.positive);
  if (!flags.onnx.empty()) {
    write_onnx(flags.onnx, *trained.net, {1, recipe.size, recipe.size, recipe.channels}, metadata);
    fmt::print("{}: {}, ONNX opset 17, input image [N,{},{},{}], output logits [N,{}]\n",
               flags.onnx, recipe.net, recipe.channels, recipe.size, recipe.size,
               recipe.classes.size());
  }
  if (!flags.safetensors.empty()) {
    write_safetensors(flags.safetensors, {state_dict(*trained.net), metadata, {}});
    fmt::print("{}: {}, {} tensors under torchvision's names\n", flags.safetensors, recipe.net,
               trained.net->parameters().size() + trained.net->buffers().size());
  }
  return 0;
}

}  // namespace

void add_export(const Command& app, Session& session) {
  const Command command =
      add_command(app, "export", "write a trained network as ONNX or safetensors", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("--run", flags->run, "run folder").required().this_call_only();
  command.add_option("--onnx", flags->onnx, "file to write").this_call_only();
  command.add_option("--safetensors", flags->safetensors, "file to write").this_call_only();
  command.add_option("--positive", flags->positive,
                     "class that the metadata names positive; if not given, as evaluate");
  command.callback([flags, &session] { session.action = [=] { return run(*flags); }; });
}

}  // namespace hilum
