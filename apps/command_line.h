// The command line as subcommands see it: options with a type, a check and a line of help. CLI11
// reads it, in command_line.cpp, config_file.cpp and hilum.cpp alone: a file that includes CLI11
// compiles for five seconds more, whatever it then uses of it.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class Validator;
}  // namespace CLI

namespace hilum {

// "10,60,80" in its parts, of which a stray comma leaves an empty one.
std::vector<std::string> parts_of(const std::string& list);

// What a value must be; help and errors say it.
class Check {
 public:
  static Check positive();
  static Check not_negative();
  static Check between(int low, int high);
  static Check between(double low, double high);
  static Check one_of(std::initializer_list<int> values);
  static Check one_of(const std::set<std::string>& values);
  // Of every part of a list, "10,60,80".
  static Check each(const Check& part);

  explicit Check(CLI::Validator validator);
  const CLI::Validator& validator() const { return *validator_; }

 private:
  std::shared_ptr<const CLI::Validator> validator_;
};

// A handle; the command line owns the option.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}

  Option& required();
  Option& check(const Check& check);
  Option& group(const std::string& title);  // the part of the help in which it stands
  Option& delimiter(char between);          // of the values of a list
  Option& excludes(const Option& other);
  // Belongs to this call alone: neither in configuration files nor in the environment.
  Option& this_call_only();

  std::string name() const;  // "batch-size"
  bool given() const;
  // Given, or its default; as text.
  std::string value() const;
  // As if it had been given so.
  void set(const std::string& value);

 private:
  CLI::Option* option_;
};

// A handle on a subcommand.
class Command {
 public:
  explicit Command(CLI::App& app) : app_(&app) {}

  // One that takes options and does something, or, `of_commands`, one that only holds others.
  Command add(const std::string& name, const std::string& about, bool of_commands = false) const;
  // Text, numbers, and lists of them; "name" without dashes is a positional one.
  template <class T>
  Option add_option(const std::string& name, T& value, const std::string& about) const;
  Option add_flag(const std::string& name, bool& value, const std::string& about) const;
  void remove_option(const std::string& name) const;
  // Called once everything has been read.
  void callback(std::function<void()> action) const;
  void footer(const std::string& text) const;

  std::string name() const;
  Option option(const std::string& name) const;
  std::optional<Option> find_option(const std::string& name) const;
  // Those that a configuration file may hold.
  std::vector<Option> settings() const;

 private:
  CLI::App* app_;
};

// Whether all of `text` is such a value, which it then has.
template <class T>
bool parse_value(const std::string& text, T& value);

}  // namespace hilum
