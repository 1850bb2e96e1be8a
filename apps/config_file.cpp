// TOML through CLI11's own reader; the writer is ours because only what this subcommand knows
// should be in the file, with defaults, so that the file alone repeats the run.
#include "apps/config_file.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "apps/command_line.h"
#include "kernels/error.h"

namespace hilum {
namespace {

std::string environment_name(const std::string& option) {
  std::string name = "HILUM_" + option;
  for (char& c : name) c = c == '-' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

bool in_environment(const std::string& option) {
  const char* value = std::getenv(environment_name(option).c_str());
  return value != nullptr && *value != '\0';
}

using Items = std::vector<CLI::ConfigItem>;

bool in_quick_section(const CLI::ConfigItem& item) {
  return item.parents.size() == 2 && item.parents[1] == "quick";
}

bool is_marker(const CLI::ConfigItem& item) { return item.name == "++" || item.name == "--"; }

std::string text_of(const CLI::ConfigItem& item) {
  std::string text;
  for (const std::string& input : item.inputs) text += (text.empty() ? "" : ",") + input;
  return text;
}

// Puts what a quick section says in place of what its command's section says.
void shorten(Items& items, const CLI::ConfigItem& quick, std::vector<std::string>& shortened) {
  const std::vector<std::string> command = {quick.parents[0]};
  const auto at = std::find_if(items.begin(), items.end(), [&](const CLI::ConfigItem& item) {
    return item.parents == command && item.name == quick.name;
  });
  if (at != items.end()) {
    shortened.push_back(
        fmt::format("{} {} instead of {}", quick.name, text_of(quick), text_of(*at)));
    at->inputs = quick.inputs;
    return;
  }
  shortened.push_back(fmt::format("{} {}", quick.name, text_of(quick)));
  const auto first = std::find_if(items.begin(), items.end(), [&](const CLI::ConfigItem& item) {
    return item.parents == command && !is_marker(item);
  });
  CLI::ConfigItem item = quick;
  item.parents = command;
  items.insert(first, item);
}

// CLI11 lets a file win over the environment; here it is the other way round, so what the
// environment sets is dropped from the file.
class TomlBelowEnvironment : public CLI::ConfigTOML {
 public:
  TomlBelowEnvironment(const CLI::Option* quick, std::vector<std::string>& shortened)
      : quick_(quick), shortened_(shortened) {}

  Items from_config(std::istream& input) const override {
    Items items = CLI::ConfigTOML::from_config(input), quick;
    std::copy_if(items.begin(), items.end(), std::back_inserter(quick), in_quick_section);
    std::erase_if(items, in_quick_section);
    std::erase_if(quick, is_marker);
    if (quick_->count() > 0) {
      if (quick.empty()) throw usage_error("--quick: the file of --config has no quick section.");
      for (const CLI::ConfigItem& item : quick) shorten(items, item, shortened_);
    }
    std::erase_if(items, [](const CLI::ConfigItem& item) { return in_environment(item.name); });
    return items;
  }

 private:
  const CLI::Option* quick_;
  std::vector<std::string>& shortened_;
};

// Options that say which data or folder this call is about never come from the environment.
bool from_environment(const CLI::Option& option) {
  const std::string name = option.get_single_name();
  return option.get_configurable() && !option.get_lnames().empty() && name != "data";
}

void name_environment(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    if (from_environment(*option)) option->envname(environment_name(option->get_lnames().front()));
  }
  for (CLI::App* command : app.get_subcommands({})) name_environment(*command);
}

// Numbers and truth values as they are, everything else quoted.
std::string toml_value(const std::string& value) {
  if (value == "true" || value == "false") return value;
  char* end = nullptr;
  std::strtod(value.c_str(), &end);
  const bool number =
      !value.empty() && *end == '\0' && std::isdigit(static_cast<unsigned char>(value.back()));
  if (number) return value;
  return value.find('"') == std::string::npos ? '"' + value + '"' : "'" + value + "'";
}

}  // namespace

void enable_config(CLI::App& app, std::vector<std::string>& shortened) {
  CLI::Option* config = app.set_config("--config", "", "read options from a TOML file");
  const std::string about_quick = "take that file's settings for a small machine";
  CLI::Option* quick = app.add_flag("--quick", about_quick)->configurable(false)->needs(config);
  app.config_formatter(std::make_shared<TomlBelowEnvironment>(quick, shortened));
  app.allow_config_extras(CLI::config_extras_mode::error);
  name_environment(app);
}

std::string resolved_config(const Command& command) {
  std::string text = fmt::format("[{}]\n", command.name());
  for (const Option& option : command.settings()) {
    const std::string value = option.value();
    if (!value.empty()) text += fmt::format("{} = {}\n", option.name(), toml_value(value));
  }
  return text;
}

std::map<std::string, std::string> read_config(const std::filesystem::path& path,
                                               const std::string& command) {
  std::map<std::string, std::string> values;
  try {
    for (const CLI::ConfigItem& item : CLI::ConfigTOML().from_file(path.string())) {
      if (item.parents != std::vector<std::string>{command} || is_marker(item)) continue;
      values[item.name] = text_of(item);
    }
  } catch (const CLI::Error& error) {
    throw data_error("configuration '{}': {}", path.string(), error.what());
  }
  return values;
}

}  // namespace hilum
