#pragma once
// What a live view takes from a terminal beyond plain text: another screen, the cursor, and keys
// that come one by one without being echoed. Whatever ends the program, the terminal gets all of it
// back: when it is let go, when an exception passes, and by a handler at every signal that ends a
// program and can be caught. At most one holder in a process at a time; one thread.

#include <optional>
#include <string>
#include <string_view>
#include <termios.h>

namespace squall::coordinator {

class TerminalModes {
 public:
  /// What is written to take a screen of its own, empty, and to give back the one before.
  static constexpr std::string_view take_screen = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
  static constexpr std::string_view give_back_screen = "\x1b[2J\x1b[H\x1b[?7h\x1b[?25h\x1b[?1049l";

  /// Descriptors of what is drawn on and of what keys come from; -1, or no terminal: no keys.
  TerminalModes(int screen, int keyboard) : screen_(screen), keyboard_(keyboard) {}
  ~TerminalModes() { let_go(); }
  TerminalModes(const TerminalModes&) = delete;
  TerminalModes& operator=(const TerminalModes&) = delete;

  /// Keys come one by one from now on, where there are any; what gives all back is in place. The
  /// caller writes take_screen afterwards.
  void hold();
  /// Keys are as they were. The caller writes give_back_screen before.
  void let_go();
  /// Others had the terminal meanwhile: hold() begins anew.
  void forget();

  bool held() const { return held_; }
  bool has_keys() const { return held_ && raw_; }
  /// What was typed since, at most a few bytes; empty: nothing. Does not wait.
  std::string typed();

 private:
  int screen_, keyboard_;
  bool held_ = false, raw_ = false;
  std::optional<termios> before_;  // as it was when it was first held
};

/// Another job has the terminal: drawing on it would disturb.
bool in_background(int terminal);

}  // namespace squall::coordinator
