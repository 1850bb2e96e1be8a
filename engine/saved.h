// What a backward pass needs from the forward pass: a tensor that is kept, or a recipe that makes
// it again. An activation that costs one trip through memory to compute (relu(batch_norm(x)), of
// which x is kept anyway) is cheaper to make twice than to keep.
//
// An operation whose result can be rebuilt says so with set_recipe(); one that saves an input saves
// a Saved and does not ask how it is made. The first get() rebuilds, and what was rebuilt stays
// until the last operation that saved it has run backward. Recipes may need what other recipes make
// (the sums of a residual network do); a result at the end of max_recipe_length of them is kept.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/tensor.h"

namespace hilum {

class Recipe {
 public:
  Recipe(std::function<Tensor()> rebuild, std::size_t length)
      : rebuild_(std::move(rebuild)), length_(length) {}
  const Tensor& value();
  std::size_t length() const { return length_; }  // of the chain of recipes that ends here

 private:
  std::function<Tensor()> rebuild_;  // empty once the value is there, with all that it saved
  std::size_t length_;
  Tensor value_;
};

class Saved {
 public:
  Saved() = default;
  // Keeps x's recipe where it has one, x's storage otherwise. Off the tape.
  explicit Saved(const Tensor& x);
  bool defined() const { return tensor_.defined() || recipe_ != nullptr; }
  Tensor get() const { return recipe_ ? recipe_->value() : tensor_; }
  // The same for the last time: the result may be overwritten or freed where nobody else saved it.
  Tensor take() {
    Tensor value = get();
    *this = Saved();
    return value;
  }
  std::size_t recipe_length() const { return recipe_ ? recipe_->length() : 0; }

 private:
  Tensor tensor_;
  std::shared_ptr<Recipe> recipe_;
};

// x's recipe where it has one, else undefined: what an operation that may overwrite x asks for that
// is itself cheap, so that its result has a recipe as well.
Saved recipe_of(const Tensor& x);

inline constexpr std::size_t max_recipe_length = 4;

// Says how to make y again from `ingredients`, which `rebuild` holds and gets its values from.
void set_recipe(Tensor& y, const std::vector<Saved>& ingredients, std::function<Tensor()> rebuild);

}  // namespace hilum
