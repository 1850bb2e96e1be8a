// Keeping and rebuilding, as saved.h says.
#include "engine/saved.h"

#include <algorithm>
#include <utility>

#include "engine/tensor_state.h"

namespace hilum {

const Tensor& Recipe::value() {
  if (rebuild_) {
    const NoGrad no_grad;
    value_ = std::exchange(rebuild_, nullptr)();
  }
  return value_;
}

Saved::Saved(const Tensor& x) {
  if (!x.defined()) return;
  recipe_ = x.state()->recipe;
  if (recipe_ == nullptr) tensor_ = x.detach();
}

Saved recipe_of(const Tensor& x) { return x.state()->recipe ? Saved(x) : Saved(); }

void set_recipe(Tensor& y, const std::vector<Saved>& ingredients, std::function<Tensor()> rebuild) {
  std::size_t length = 1;
  for (const Saved& saved : ingredients) length = std::max(length, saved.recipe_length() + 1);
  if (length > max_recipe_length) return;
  y.state()->recipe = std::make_shared<Recipe>(std::move(rebuild), length);
}

}  // namespace hilum
