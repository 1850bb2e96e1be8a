// The subcommands of `hilum data`, one file each (data_<name>.cpp); data.cpp puts them together.
#pragma once

#include <string>

#include "apps/session.h"
#include "data/survey.h"

namespace hilum {

void add_data_stats(CLI::App& data, Session& session);
void add_data_check(CLI::App& data, Session& session);
void add_data_groups(CLI::App& data, Session& session);
void add_data_split(CLI::App& data, Session& session);
void add_data_probes(CLI::App& data, Session& session);
void add_data_pca(CLI::App& data, Session& session);
void add_data_speed(CLI::App& data, Session& session);
void add_data_phantom(CLI::App& data, Session& session);

// Reads the set and tells its notes.
Dataset read_noted(const std::string& path, const Session& session);
// Looks at every file, with a progress line.
Survey survey_of(const Dataset& dataset, const Session& session);

}  // namespace hilum
