// Which folder names mean the same class. Sets in use spell a class one way for training and
// another way for testing (adenocarcinoma_left.lower.lobe_T2_N0_M0_Ib, adenocarcinoma).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hilum {

// The same letters whatever their case, or one is the other followed by '_', '-', '.' or a blank
// and anything. Only a suffix may differ, never a prefix: non-COVID is not COVID.
bool same_class(std::string_view a, std::string_view b);

// Index of `name` in `classes`: the exact name, else the same in another case, else the one class
// that same_class() accepts. A data error that begins with `where` for none or for several.
std::size_t match_class(std::string_view name, const std::vector<std::string>& classes,
                        const std::string& where);

// One sorted list for the names of several splits, each the shortest spelling of its class. Names
// within one split are different classes however alike they look.
std::vector<std::string> merge_classes(const std::vector<std::vector<std::string>>& by_split);

}  // namespace hilum
