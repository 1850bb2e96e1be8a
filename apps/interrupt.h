// SIGINT and SIGTERM as a question that the training loop asks between steps.
#pragma once

namespace hilum {

// While one lives the first SIGINT or SIGTERM only makes interrupted() true; a second one ends the
// program at once. One at a time.
class CatchInterrupt {
 public:
  CatchInterrupt();
  ~CatchInterrupt();
  CatchInterrupt(const CatchInterrupt&) = delete;
  CatchInterrupt& operator=(const CatchInterrupt&) = delete;
};
bool interrupted();

}  // namespace hilum
