// The first run leaves one node on the tape; the second has a tape of its own, inside that node.
#include "engine/recompute.h"

#include "engine/saved.h"
#include "engine/tape.h"

namespace hilum {
namespace {

thread_local bool second_run = false;

class SecondRun {
 public:
  SecondRun() : before_(second_run) { second_run = true; }
  ~SecondRun() { second_run = before_; }
  SecondRun(const SecondRun&) = delete;
  SecondRun& operator=(const SecondRun&) = delete;

 private:
  bool before_;
  const WithGrad with_grad_;  // backward passes record nothing otherwise
};

}  // namespace

bool recomputing() { return second_run; }

Tensor recomputed(const std::function<Tensor(Tensor)>& segment, const Tensor& x,
                  const std::vector<Tensor>& parameters) {
  std::vector<Tensor> inputs{x};
  inputs.insert(inputs.end(), parameters.begin(), parameters.end());
  if (!needs_tape(inputs)) return segment(x);
  Tensor y;
  {
    const NoGrad no_grad;
    y = segment(x.detach());
  }
  return record("recomputed", inputs, y,
                [segment, wanted = x.requires_grad(), saved = Saved(x),
                 count = inputs.size()](const Tensor& dy) {
                  const SecondRun again;
                  Tensor input = saved.get().detach();
                  input.set_requires_grad(wanted);
                  segment(input).backward(dy);  // those of the parameters arrive by themselves
                  std::vector<Tensor> gradients(count);
                  gradients[0] = input.grad();
                  return gradients;
                });
}

}  // namespace hilum
