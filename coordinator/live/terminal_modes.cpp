#include "coordinator/live/terminal_modes.hpp"

#include <array>
#include <atomic>
#include <cassert>
#include <cstddef>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace squall::coordinator {

namespace {

// Signals that end a program unless it does something about them.
constexpr std::array deadly{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS,  SIGILL,
                            SIGFPE, SIGSYS, SIGPIPE, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ};

/// What a handler needs to know. Written while `armed` is false.
struct ToGiveBack {
  int screen = -1, keyboard = -1;
  bool raw = false;
  termios before{};
  std::array<struct sigaction, deadly.size()> actions{};
};

ToGiveBack to_give_back;
std::atomic<bool> armed = false;

/// Calls nothing but what a handler may call.
extern "C" void give_back_and_end(int number) {
  if (armed.exchange(false)) {
    const auto text = TerminalModes::give_back_screen;
    [[maybe_unused]] const auto written = write(to_give_back.screen, text.data(), text.size());
    if (to_give_back.raw) tcsetattr(to_give_back.keyboard, TCSANOW, &to_give_back.before);
  }
  for (std::size_t i = 0; i < deadly.size(); ++i)
    if (deadly[i] == number) sigaction(number, &to_give_back.actions[i], nullptr);
  raise(number);  // comes when this handler returns, and ends the program as it would have
}

void arm(int screen, int keyboard, const std::optional<termios>& before) {
  assert(!armed);
  to_give_back.screen = screen;
  to_give_back.keyboard = keyboard;
  to_give_back.raw = before.has_value();
  if (before) to_give_back.before = *before;
  struct sigaction action {};
  action.sa_handler = give_back_and_end;
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < deadly.size(); ++i) {
    sigaction(deadly[i], nullptr, &to_give_back.actions[i]);
    // What is ignored ends nobody.
    if (to_give_back.actions[i].sa_handler != SIG_IGN) sigaction(deadly[i], &action, nullptr);
  }
  armed = true;
}

void disarm() {
  if (!armed.exchange(false)) return;
  for (std::size_t i = 0; i < deadly.size(); ++i)
    sigaction(deadly[i], &to_give_back.actions[i], nullptr);
}

}  // namespace

void TerminalModes::hold() {
  if (held_) return;
  if (!before_ && keyboard_ >= 0) {
    termios now{};
    if (isatty(keyboard_) == 1 && tcgetattr(keyboard_, &now) == 0) before_ = now;
  }
  raw_ = before_.has_value() && !in_background(keyboard_);
  // First, so that there is no moment at which nobody would give it back.
  arm(screen_, keyboard_, raw_ ? before_ : std::nullopt);
  held_ = true;
  if (!raw_) return;
  termios one_by_one = *before_;
  // Ctrl-C and Ctrl-Z stay what they are.
  one_by_one.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  one_by_one.c_cc[VMIN] = 1;
  one_by_one.c_cc[VTIME] = 0;
  raw_ = tcsetattr(keyboard_, TCSANOW, &one_by_one) == 0;
}

void TerminalModes::let_go() {
  if (!held_) return;
  // A job in the background that changed the terminal would be stopped for it.
  if (raw_ && !in_background(keyboard_)) tcsetattr(keyboard_, TCSANOW, &*before_);
  forget();
}

void TerminalModes::forget() {
  if (!held_) return;
  disarm();
  held_ = raw_ = false;
}

std::string TerminalModes::typed() {
  pollfd keys{keyboard_, POLLIN, 0};
  if (!has_keys() || in_background(keyboard_) || poll(&keys, 1, 0) != 1) return {};
  std::array<char, 64> bytes{};
  const ssize_t length = read(keyboard_, bytes.data(), bytes.size());
  if (length > 0) return {bytes.data(), static_cast<std::size_t>(length)};
  keyboard_ = -1;  // nobody types there any more
  return {};
}

bool in_background(int terminal) {
  const pid_t front = tcgetpgrp(terminal);
  return front > 0 && front != getpgrp();
}

}  // namespace squall::coordinator
