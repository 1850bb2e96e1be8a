// Parts that the report of a run and of a comparison share; each returns HTML.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/evidence.h"
#include "engine/json.h"

namespace hilum {

std::string section(const std::string& heading, const std::string& body);

// A figure in large type with what belongs to it.
std::string tile(const std::string& name, const std::string& value, const std::string& detail);
std::string headline_tiles(const Evaluation& evaluation);

std::string score_section(const Evaluation& evaluation);
// Class names on both axes, counts and shares of the truth.
std::string confusion_section(const Evaluation& evaluation);
// ROC, precision-recall, reliability, and accuracy against the share of images decided on.
std::string curve_section(const Evaluation& evaluation, const std::filesystem::path& plots);
std::string probe_section(const Evidence& evidence, const Evaluation& network);
std::string leak_section(const Evidence& evidence);
// The most confident mistakes and an even draw of all images.
std::string gallery_section(const Evaluation& evaluation);

// The 22 questions that reviewers ask of such studies, with what this work answers.
struct ChecklistFacts {
  const Evidence* evidence = nullptr;
  const Evaluation* evaluation = nullptr;
  std::size_t seeds = 1, networks = 1, looks = 0;
  std::string ledger;
};
std::string checklist_section(const ChecklistFacts& facts);

std::string model_card_section(const std::vector<std::vector<std::string>>& known);

}  // namespace hilum
