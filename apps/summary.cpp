// hilum summary: what a network is made of, before anything is trained.
#include "nets/summary.h"

#include <fmt/format.h>

#include <memory>

#include "apps/command_line.h"
#include "apps/session.h"
#include "nets/net.h"

namespace hilum {
namespace {

struct Flags {
  std::string net = "cnn";
  std::size_t classes = 2, size = 0, channels = 0, batch = 32;
  bool checkpoint_activations = false;
};

int run(const Flags& flags, const Session& session) {
  session.start();
  const NetDefaults& own = net_defaults(flags.net);
  const std::size_t size = flags.size != 0 ? flags.size : own.size;
  const std::size_t channels = flags.channels != 0 ? flags.channels : own.channels;
  const std::unique_ptr<Module> net = make_net(flags.net, flags.classes, channels, size);
  const Summary summary = summarise(*net, channels, size);
  fmt::print(
      "{}",
      summary.text(fmt::format("{} {}x{}x{}", flags.net, size, size, channels), flags.batch,
                   training_peak(*net, channels, size, flags.batch, flags.checkpoint_activations)));
  return 0;
}

}  // namespace

void add_summary(const Command& app, Session& session) {
  const Command command = add_command(
      app, "summary", "layers, shapes, parameters, arithmetic and memory of a network", session);
  auto flags = std::make_shared<Flags>();
  command.add_option("--net", flags->net, "network, as cnn or cnn:dropout");
  command.add_option("--classes", flags->classes, "classes to tell apart")
      .check(Check::between(2, 100000));
  command.add_option("--size", flags->size, "height and width of the image; 0: the network's own");
  command.add_option("--channels", flags->channels, "1 gray, 3 colour; 0: the network's own")
      .check(Check::one_of({0, 1, 3}));
  command.add_option("--batch-size", flags->batch, "images for which memory is counted")
      .check(Check::positive());
  command.add_flag("--checkpoint-activations", flags->checkpoint_activations,
                   "as `hilum train` has it");
  command.callback(
      [flags, &session] { session.action = [=, &session] { return run(*flags, session); }; });
}

}  // namespace hilum
