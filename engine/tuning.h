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

// Begins with what the file holds for this machine, if it is there, and adds new choices to it,
// once a second at most. A data error where it cannot be read as such a file.
void tune_with(const std::filesystem::path& file, const std::string& program);
// Adds what is not in the file yet, and ends tuning. A program that dies before has to measure the
// choices of its last second again.
void finish_tuning();

}  // namespace hilum
