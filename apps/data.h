// The subcommands of `hilum data`, one file each (data_<name>.cpp); data.cpp puts them together.
#pragma once

#include <string>

#include "apps/session.h"
#include "data/survey.h"

namespace hilum {

void add_data_stats(const Command& data, Session& session);
void add_data_check(const Command& data, Session& session);
void add_data_groups(const Command& data, Session& session);
void add_data_split(const Command& data, Session& session);
void add_data_probes(const Command& data, Session& session);
void add_data_pca(const Command& data, Session& session);
void add_data_speed(const Command& data, Session& session);
void add_data_phantom(const Command& data, Session& session);

// Reads the set and tells its notes.
Dataset read_noted(const std::string& path, const Session& session);
// Looks at every file, with a progress line.
Survey survey_of(const Dataset& dataset, const Session& session);

}  // namespace hilum
