// Handles on CLI11's objects; its templates are instantiated here for the types that options have.
#include "apps/command_line.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>

namespace hilum {

std::vector<std::string> parts_of(const std::string& list) {
  std::vector<std::string> parts(1);
  for (const char c : list) {
    if (c == ',') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

Check::Check(CLI::Validator validator)
    : validator_(std::make_shared<const CLI::Validator>(std::move(validator))) {}

Check Check::positive() { return Check(CLI::PositiveNumber); }
Check Check::not_negative() { return Check(CLI::NonNegativeNumber); }
Check Check::between(int low, int high) { return Check(CLI::Range(low, high)); }
Check Check::between(double low, double high) { return Check(CLI::Range(low, high)); }
Check Check::one_of(std::initializer_list<int> values) {
  return Check(CLI::IsMember(std::vector<int>(values)));
}
Check Check::one_of(const std::set<std::string>& values) { return Check(CLI::IsMember(values)); }

Check Check::each(const Check& part) {
  auto all = [part](std::string& list) {
    for (std::string text : parts_of(list)) {
      const std::string wrong = part.validator()(text);
      if (!wrong.empty()) return wrong;
    }
    return std::string();
  };
  return Check(CLI::Validator(all, ""));
}

Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::check(const Check& check) {
  option_->check(check.validator());
  return *this;
}
Option& Option::group(const std::string& title) {
  option_->group(title);
  return *this;
}
Option& Option::delimiter(char between) {
  option_->delimiter(between);
  return *this;
}
Option& Option::excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}
Option& Option::this_call_only() {
  option_->configurable(false);
  return *this;
}

std::string Option::name() const { return option_->get_single_name(); }
bool Option::given() const { return option_->count() > 0; }

std::string Option::value() const {
  if (!given()) {
    const bool flag = option_->get_expected_max() == 0;
    return flag ? "false" : option_->get_default_str();
  }
  std::string joined;
  for (const std::string& result : option_->reduced_results()) {
    joined += (joined.empty() ? "" : ",") + result;
  }
  return joined;
}

void Option::set(const std::string& value) {
  option_->clear();
  option_->add_result(value);
  option_->run_callback();
}

Command Command::add(const std::string& name, const std::string& about, bool of_commands) const {
  CLI::App* const added = app_->add_subcommand(name, about);
  if (of_commands) added->require_subcommand(1);
  return Command(*added);
}

template <class T>
Option Command::add_option(const std::string& name, T& value, const std::string& about) const {
  return Option(app_->add_option(name, value, about));
}

Option Command::add_flag(const std::string& name, bool& value, const std::string& about) const {
  return Option(app_->add_flag(name, value, about));
}

void Command::remove_option(const std::string& name) const {
  app_->remove_option(app_->get_option(name));
}
void Command::callback(std::function<void()> action) const { app_->callback(std::move(action)); }
void Command::footer(const std::string& text) const { app_->footer(text); }

std::string Command::name() const { return app_->get_name(); }
Option Command::option(const std::string& name) const { return Option(app_->get_option(name)); }

std::optional<Option> Command::find_option(const std::string& name) const {
  CLI::Option* const found = app_->get_option_no_throw(name);
  return found == nullptr ? std::nullopt : std::optional(Option(found));
}

std::vector<Option> Command::settings() const {
  std::vector<Option> all;
  for (CLI::Option* option : app_->get_options()) {
    if (option->get_configurable() && !option->get_lnames().empty()) all.emplace_back(option);
  }
  return all;
}

template <class T>
bool parse_value(const std::string& text, T& value) {
  return CLI::detail::lexical_cast(text, value);
}

#define HILUM_OPTION_OF(T) \
  template Option Command::add_option<T>(const std::string&, T&, const std::string&) const
HILUM_OPTION_OF(std::string);
HILUM_OPTION_OF(std::size_t);
HILUM_OPTION_OF(float);
HILUM_OPTION_OF(double);
HILUM_OPTION_OF(std::vector<std::string>);
HILUM_OPTION_OF(std::vector<float>);
#undef HILUM_OPTION_OF
template bool parse_value(const std::string&, std::string&);
template bool parse_value(const std::string&, std::size_t&);
template bool parse_value(const std::string&, float&);
template bool parse_value(const std::string&, double&);

}  // namespace hilum
