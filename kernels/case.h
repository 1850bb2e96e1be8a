// A named problem. Each operation's cases.h lists its own; tests, benches and `hilum kernels run`
// all read that one list.
#pragma once

#include <string>
#include <vector>

namespace hilum {

enum class Use {
  test,   // small: tested against the oracle (and may be timed by name)
  bench,  // a layer of a network: timed; too slow for the oracle
};

template <class Problem>
struct Case {
  std::string name;
  Problem problem;
  Use use = Use::test;
};

// The cases of a pass, from its cases.h.
template <class Pass>
auto cases_of() {
  return cases(static_cast<const typename Pass::Problem*>(nullptr));
}

}  // namespace hilum
