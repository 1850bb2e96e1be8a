// Options in TOML files: `--config FILE`, and the resolved options of a run in its config.toml.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace hilum {

// Makes `app` read --config FILE and HILUM_* for the options of all its subcommands: command line,
// then environment, then file, then default. Call it when all subcommands have been added.
//
// With --quick a section [train.quick] of the file goes before its [train], for small machines;
// `shortened` then tells what it changed. It must outlive `app`.
void enable_config(CLI::App& app, std::vector<std::string>& shortened);

// Every configurable option of this subcommand with the value it has now, as a TOML section.
std::string resolved_config(const CLI::App& command);

// name -> value of the section `command` of a TOML file. Data error where it does not parse.
std::map<std::string, std::string> read_config(const std::filesystem::path& path,
                                               const std::string& command);

// The value an option has now, as text: given, or its default.
std::string option_value(const CLI::Option& option);

}  // namespace hilum
