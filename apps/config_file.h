// Options in TOML files: `--config FILE`, and the resolved options of a run in its config.toml.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/command_line.h"

namespace hilum {

// Makes `app` read --config FILE and HILUM_* for the options of all its subcommands: command line,
// then environment, then file, then default. Call it when all subcommands have been added.
//
// With --quick a section [train.quick] of the file goes before its [train], for small machines;
// `shortened` then tells what it changed. It must outlive `app`.
void enable_config(CLI::App& app, std::vector<std::string>& shortened);

// Every configurable option of this subcommand with the value it has now, as a TOML section.
std::string resolved_config(const Command& command);

// name -> value of the section `command` of a TOML file. Data error where it does not parse.
std::map<std::string, std::string> read_config(const std::filesystem::path& path,
                                               const std::string& command);

}  // namespace hilum
