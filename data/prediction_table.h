// predictions.csv: what a network said of each image of a split, as logits, with the truth. Every
// figure, curve and comparison is computed from such tables and from nothing else.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace hilum {

struct PredictionRow {
  std::string split, path, group;
};

struct PredictionTable {
  std::vector<std::string> classes;
  std::vector<PredictionRow> rows;
  std::vector<std::int32_t> labels;  // a row
  std::vector<float> logits;         // rows x classes

  std::size_t size() const { return rows.size(); }
  std::vector<float> probabilities(double temperature = 1) const;
  std::vector<std::int32_t> predicted() const;  // the largest logit, the first where equal
  std::vector<bool> right() const;
  std::vector<std::string> groups() const;
  // Whether images of one patient occur together, so that they are not independent.
  bool grouped() const;
};

// Columns split,path,label,group,predicted,logit:<class>…; logits with nine digits, which give the
// same float back.
std::string predictions_csv(const PredictionTable& table);
// Data errors name the file and the line: a column missing, a label that is no class, no number.
PredictionTable read_predictions(const std::filesystem::path& path);

// The mean of the members' probabilities, image by image, as logits (their logarithms). Members
// are of the same classes and images in the same order; a data error where they are not.
PredictionTable ensemble(const std::vector<PredictionTable>& members);

// Images of `more` behind those of `table`, as folds of one set are put together.
void append(PredictionTable& table, const PredictionTable& more);

}  // namespace hilum
