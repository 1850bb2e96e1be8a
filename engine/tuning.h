// Choices of rows that were measured (kernels/tune.h), kept in a file, so that they are measured
// once on a machine and the same bits come out again.
//
// The file is JSON: by machine (processor, instruction set, threads, program and its compiler),
// then by operation, device and shape, the row and the milliseconds of those that were tried.
// Several machines may share one.
#pragma once

#include <filesystem>
#include <string>

namespace hilum {

// Begins with what the file holds for this machine, if it is there, and writes each new choice to
// it at once. A data error where it cannot be read as such a file.
void tune_with(const std::filesystem::path& file, const std::string& program);

}  // namespace hilum
