// Signal handlers: the first signal sets a flag, the second meets the default action.
#include "apps/interrupt.h"

#include <csignal>

namespace hilum {
namespace {

volatile std::sig_atomic_t caught = 0;

void handle(int) { caught = 1; }

void install(int signal, void (*handler)(int)) {
  struct sigaction action = {};
  action.sa_handler = handler;
  // The handler removes itself, and writes that are under way are not cut short.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace

CatchInterrupt::CatchInterrupt() {
  caught = 0;
  install(SIGINT, handle);
  install(SIGTERM, handle);
}

CatchInterrupt::~CatchInterrupt() {
  install(SIGINT, SIG_DFL);
  install(SIGTERM, SIG_DFL);
}

bool interrupted() { return caught != 0; }

}  // namespace hilum
