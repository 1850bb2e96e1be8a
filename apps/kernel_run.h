// hilum kernels run: times rows on cases and, where asked, compares them with the oracle.
#pragma once

#include <string>

#include "apps/session.h"
#include "kernels/error.h"

namespace hilum {

struct KernelRunFlags {
  std::string asked, row, one_case;
  std::size_t repeat = 20;
  bool check = false, list_cases = false, csv = false, lesson = false, small = false;
};

// Exit code 1 where --check found a row beyond its tolerance.
int run_kernels(const KernelRunFlags& flags, const Session& session);

// A usage error that lists the names there are.
Error unknown_operation(const std::string& asked);

}  // namespace hilum
