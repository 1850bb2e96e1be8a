// What every subcommand shares: the options that mean the same everywhere, the lines that go to
// stderr while it works, and how it is registered.
//
// A subcommand is one file with one function add_<name>(app, session): it declares its options and
// leaves in session.action what is to be done once everything has been read.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>

#include "kernels/row.h"

namespace hilum {

inline constexpr const char* program_version = "0.1.0";

// Exit code after SIGINT or SIGTERM, once the checkpoint has been written.
inline constexpr int exit_interrupted = 130;

class Command;

struct Session {
  std::string device = "auto";
  std::size_t threads = 0;  // 0: all
  std::string kernels;
  std::string tune;  // file of measured choices of rows; empty: table order
  bool quiet = false;
  std::string command;          // the whole command line, for the record
  std::function<int()> action;  // the chosen subcommand; returns the exit code

  // Applies threads, kernels and tuning and finds the device. Device errors where one that is asked
  // for by name is not there.
  Device start() const;
  // "label     text" on stderr; nothing with --quiet.
  void note(const std::string& label, const std::string& text) const;
  // A line on stderr even with --quiet.
  void warn(const std::string& text) const;
};

// A subcommand with the shared options, each of which may also come from the environment.
Command add_command(const Command& parent, const std::string& name, const std::string& description,
                    Session& session);

void add_summary(const Command& app, Session& session);
void add_train(const Command& app, Session& session);
void add_compare(const Command& app, Session& session);
void add_evaluate(const Command& app, Session& session);
void add_report(const Command& app, Session& session);
void add_predict(const Command& app, Session& session);
void add_import(const Command& app, Session& session);
void add_export(const Command& app, Session& session);
void add_data(const Command& app, Session& session);
void add_kernels(const Command& app, Session& session);

}  // namespace hilum
