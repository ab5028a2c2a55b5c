#include "coordinator/live/terminal.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <random>
#include <signal.h>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "coordinator/live/live_frame.hpp"
#include "coordinator/live/live_panels.hpp"
#include "tests/coordinator/live_samples.hpp"
#include "tests/fixtures/terminal_process.hpp"
#include "tests/fixtures/terminal_screen.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

LiveStatus status_at(nanoseconds elapsed, RunStage stage = RunStage::measuring) {
  LiveStatus status;
  status.scenario = "chat";
  status.stage = stage;
  status.elapsed = elapsed;
  status.planned = 30s;
  status.agents_alive = status.agents_wanted = 1;
  return status;
}

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// A file that is no terminal, and what was written to it.
struct PlainFile {
  std::FILE* stream = std::tmpfile();
  ~PlainFile() { std::fclose(stream); }
  std::string text() const {
    std::string read(static_cast<std::size_t>(std::ftell(stream)), '\0');
    std::rewind(stream);
    BOOST_REQUIRE(std::fread(read.data(), 1, read.size(), stream) == read.size());
    return read;
  }
};

/// A terminal of 50 columns and 24 rows, and what it shows of what was written to it.
struct PseudoTerminal {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  int keyboard = -1;
  std::FILE* stream = nullptr;
  squall::tests::TerminalScreen screen{50, 24};
  termios before{};

  PseudoTerminal() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    BOOST_REQUIRE(master >= 0);
    BOOST_REQUIRE(grantpt(master) == 0);
    BOOST_REQUIRE(unlockpt(master) == 0);
    keyboard = open(ptsname(master), O_RDWR | O_NOCTTY);
    BOOST_REQUIRE(keyboard >= 0);
    stream = fdopen(dup(keyboard), "w");
    BOOST_REQUIRE(stream != nullptr);
    resize(50, 24);
    BOOST_REQUIRE(tcgetattr(master, &before) == 0);
  }
  ~PseudoTerminal() {
    std::fclose(stream);
    close(keyboard);
    close(master);
  }
  void resize(std::size_t columns, std::size_t rows) {
    const winsize size{static_cast<unsigned short>(rows), static_cast<unsigned short>(columns), 0,
                       0};
    BOOST_REQUIRE(ioctl(master, TIOCSWINSZ, &size) == 0);
    screen.resize(columns, rows);
  }
  /// What was written since; empty: nothing.
  std::string text() {
    std::string all;
    pollfd output{master, POLLIN, 0};
    while (poll(&output, 1, 20) == 1 && (output.revents & POLLIN) != 0) {
      std::string read(65536, '\0');
      const ssize_t length = ::read(master, read.data(), read.size());
      BOOST_REQUIRE(length > 0);
      read.resize(static_cast<std::size_t>(length));
      all += read;
    }
    screen.write(all);
    return all;
  }
  bool shows(const std::string& part) {
    text();
    return screen.text().find(part) != std::string::npos;
  }
  bool keys_are_as_before() const {
    termios now{};
    BOOST_REQUIRE(tcgetattr(master, &now) == 0);
    return now.c_lflag == before.c_lflag && now.c_iflag == before.c_iflag;
  }
  /// Types, and asks the terminal until it has come.
  KeyWish type(Terminal& terminal, const std::string& keys) {
    BOOST_REQUIRE(::write(master, keys.data(), keys.size()) == static_cast<ssize_t>(keys.size()));
    pollfd input{keyboard, POLLIN, 0};
    BOOST_REQUIRE(poll(&input, 1, 5000) == 1);
    return terminal.read_keys();
  }
};

const auto terminals = boost::unit_test::precondition(squall::tests::terminals_can_be_made);

}  // namespace

BOOST_AUTO_TEST_CASE(a_pipe_gets_a_line_a_second_and_one_at_each_new_stage) {
  PlainFile file;
  {
    Terminal terminal(file.stream);
    for (int i = 0; i < 35; ++i) terminal.show(status_at(i * 100ms));
    terminal.show(status_at(3600ms, RunStage::draining));
    terminal.finish();
  }
  const std::string text = file.text();
  BOOST_TEST(count(text, "\n") == 5u);  // 0 s, 1 s, 2 s, 3 s, draining
  BOOST_TEST(count(text, "draining") == 1u);
  BOOST_TEST(count(text, "\x1b") == 0u);
}

BOOST_AUTO_TEST_CASE(before_the_load_a_few_lines_are_redrawn_in_place, *terminals) {
  PseudoTerminal pseudo;
  {
    Terminal terminal(pseudo.stream);
    terminal.show(status_at(0s, RunStage::gathering));
    terminal.show(status_at(0s, RunStage::preparing));
  }
  const std::string text = pseudo.text();
  BOOST_TEST(count(text, "\x1b[6A") == 2u);  // once to redraw six lines, once to erase them
  BOOST_TEST(count(text, "\x1b[?25l") >= 1u);
  BOOST_TEST(text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"));
  BOOST_TEST(text.rfind("\x1b[J") > text.rfind("chat"));
  BOOST_TEST(count(text, std::string(40, '.')) == 0u);  // the bar keeps to 50 columns
  BOOST_TEST(count(text, "\x1b[?1049h") == 0u);
}

BOOST_AUTO_TEST_CASE(the_load_has_a_screen_of_its_own_and_the_one_before_comes_back, *terminals) {
  PseudoTerminal pseudo;
  std::fprintf(pseudo.stream, "$ squall run\n");
  {
    Terminal terminal(pseudo.stream);
    terminal.show(status_at(0s, RunStage::preparing));
    terminal.show(status_at(1s));
    BOOST_TEST(pseudo.shows("chat: measuring"));
    BOOST_TEST(pseudo.screen.alternate());
    BOOST_TEST(!pseudo.screen.shows_cursor());
    BOOST_TEST(!pseudo.shows("$ squall run"));
  }
  BOOST_TEST(pseudo.shows("$ squall run"));
  BOOST_TEST(!pseudo.shows("chat"));
  BOOST_TEST(!pseudo.screen.alternate());
  BOOST_TEST(pseudo.screen.shows_cursor());
  BOOST_TEST(pseudo.screen.wraps());
}

BOOST_AUTO_TEST_CASE(only_what_changed_is_written, *terminals) {
  PseudoTerminal pseudo;
  Terminal terminal(pseudo.stream);
  LiveStatus status = status_at(1s);
  terminal.show(status);
  BOOST_TEST(!pseudo.text().empty());
  terminal.show(status);
  terminal.refresh();
  BOOST_TEST(pseudo.text().empty());
  status.completed = 7;
  terminal.show(status);
  const std::string text = pseudo.text();
  BOOST_TEST(count(text, "7 completed") == 1u);
  BOOST_TEST(count(text, "H") == 1u);  // one line
  BOOST_TEST(count(text, "chat") == 0u);
}

BOOST_AUTO_TEST_CASE(after_any_changes_the_screen_is_the_newest_frame, *terminals) {
  PseudoTerminal pseudo;
  setenv("NO_COLOR", "1", 1);  // the screen knows no colours
  Terminal terminal(pseudo.stream);
  std::mt19937 chance(11);
  const std::array statuses{squall::tests::healthy_status(), squall::tests::large_status(),
                            status_at(3s)};
  for (int i = 0; i < 60; ++i) {
    const LiveStatus& status = statuses.at(chance() % statuses.size());
    if (chance() % 4 == 0) pseudo.resize(20 + chance() % 120, 3 + chance() % 50);
    if (chance() % 6 == 0) terminal.tell("told " + std::to_string(i));
    terminal.show(status);
    pseudo.text();
    const auto lines = pseudo.screen.lines();
    const std::size_t width = terminal_width(pseudo.stream);
    BOOST_TEST(lines.front() == head_line(status, width).written(width, false).substr(0, width));
    BOOST_TEST(pseudo.screen.text().find("p pause") == std::string::npos);  // no keys here
    FrameStyle style{.width = width, .rows = terminal_height(pseudo.stream), .keys = false};
    style.unicode = unicode_wanted(pseudo.stream);
    style.news = terminal.news();
    auto expected = live_frame(status, style);
    expected.resize(style.rows);
    for (std::string& line : expected) line.erase(line.find_last_not_of(' ') + 1);
    BOOST_TEST(lines == expected, boost::test_tools::per_element());
    BOOST_TEST(!pseudo.screen.ever_scrolled_alternate());
  }
  unsetenv("NO_COLOR");
}

BOOST_AUTO_TEST_CASE(what_is_told_is_in_the_view_and_stays_when_it_is_gone, *terminals) {
  PseudoTerminal pseudo;
  {
    Terminal terminal(pseudo.stream);
    terminal.tell("agents connect to 10.0.0.1:7000");
    terminal.show(status_at(0s, RunStage::gathering));
    BOOST_TEST(pseudo.shows("agents connect"));
    terminal.show(status_at(1s));
    LiveStatus status = status_at(2s);
    status.events = {"0:01 agent a: circuit breaker open"};
    terminal.show(status);
    BOOST_TEST(pseudo.shows("circuit breaker open"));
    BOOST_TEST(pseudo.screen.alternate());
    terminal.tell("interrupted");
    BOOST_TEST(pseudo.shows("interrupted"));
  }
  BOOST_TEST(pseudo.shows("agents connect to 10.0.0.1:7000\n"));
  BOOST_TEST(!pseudo.screen.alternate());
  BOOST_TEST(pseudo.shows("0:01 agent a: circuit breaker open\ninterrupted\n"));
}

BOOST_AUTO_TEST_CASE(keys_hold_the_view_still_and_quit, *terminals) {
  PseudoTerminal pseudo;
  Terminal terminal(pseudo.stream, pseudo.keyboard);
  LiveStatus status = status_at(1s);
  status.completed = 11;
  terminal.show(status);
  BOOST_TEST(pseudo.shows("p pause view"));
  BOOST_TEST((pseudo.type(terminal, "p") == KeyWish::none));
  BOOST_TEST(pseudo.shows("view paused"));
  status.completed = 22;
  terminal.show(status);
  BOOST_TEST(pseudo.shows("11 completed"));
  BOOST_TEST((pseudo.type(terminal, "p") == KeyWish::none));
  BOOST_TEST(pseudo.shows("22 completed"));
  BOOST_TEST((pseudo.type(terminal, "?") == KeyWish::none));
  BOOST_TEST(pseudo.shows("hold the view still"));
  BOOST_TEST((pseudo.type(terminal, "x") == KeyWish::none));
  BOOST_TEST((pseudo.type(terminal, "quip") == KeyWish::none));    // pasted
  BOOST_TEST((pseudo.type(terminal, "\x1b[A") == KeyWish::none));  // a key of several bytes
  BOOST_TEST((pseudo.type(terminal, "q") == KeyWish::quit));
  BOOST_TEST(!pseudo.shows("x"));  // nothing is echoed
  terminal.finish();
  BOOST_TEST(pseudo.keys_are_as_before());
}

BOOST_AUTO_TEST_CASE(keys_come_one_by_one_only_while_the_screen_is_ours, *terminals) {
  PseudoTerminal pseudo;
  Terminal terminal(pseudo.stream, pseudo.keyboard);
  terminal.show(status_at(0s, RunStage::gathering));
  BOOST_TEST(pseudo.keys_are_as_before());
  terminal.show(status_at(1s));
  BOOST_TEST(!pseudo.keys_are_as_before());
  terminal.finish();
  BOOST_TEST(pseudo.keys_are_as_before());
  terminal.show(status_at(2s));
  BOOST_TEST(!pseudo.keys_are_as_before());
  // Stopped without a word, and the shell has set the terminal as it was.
  BOOST_REQUIRE(tcsetattr(pseudo.master, TCSANOW, &pseudo.before) == 0);
  terminal.continued();
  terminal.show(status_at(3s));
  BOOST_TEST(!pseudo.keys_are_as_before());
  terminal.finish();
  BOOST_TEST(pseudo.keys_are_as_before());
}

BOOST_AUTO_TEST_CASE(an_exception_gives_the_terminal_back, *terminals) {
  PseudoTerminal pseudo;
  BOOST_CHECK_THROW(
      {
        Terminal terminal(pseudo.stream, pseudo.keyboard);
        terminal.show(status_at(1s));
        throw std::runtime_error("anything");
      },
      std::runtime_error);
  BOOST_TEST(pseudo.keys_are_as_before());
  pseudo.text();
  BOOST_TEST(!pseudo.screen.alternate());
}

BOOST_AUTO_TEST_CASE(every_signal_that_ends_a_program_gives_the_terminal_back, *terminals) {
  for (const int signal : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGABRT, SIGSEGV, SIGBUS, SIGUSR1}) {
    PseudoTerminal pseudo;
    const pid_t child = fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) {
      for (int each = 1; each < 32; ++each) ::signal(each, SIG_DFL);
      const rlimit no_core{0, 0};
      setrlimit(RLIMIT_CORE, &no_core);
      Terminal terminal(pseudo.stream, pseudo.keyboard);
      terminal.show(status_at(1s));
      raise(signal);
      _exit(0);
    }
    int status = 0;
    BOOST_REQUIRE(waitpid(child, &status, 0) == child);
    BOOST_TEST(WIFSIGNALED(status));
    BOOST_TEST(WTERMSIG(status) == signal);
    BOOST_TEST(pseudo.keys_are_as_before(), strsignal(signal));
    BOOST_TEST(count(pseudo.text(), "\x1b[?1049h") == 1u);
    BOOST_TEST(!pseudo.screen.alternate(), strsignal(signal));
    BOOST_TEST(pseudo.screen.shows_cursor(), strsignal(signal));
  }
}

BOOST_AUTO_TEST_CASE(a_signal_that_is_ignored_ends_nothing, *terminals) {
  PseudoTerminal pseudo;
  const auto before = signal(SIGHUP, SIG_IGN);
  Terminal terminal(pseudo.stream, pseudo.keyboard);
  terminal.show(status_at(1s));
  raise(SIGHUP);
  BOOST_TEST(pseudo.shows("chat"));
  terminal.finish();
  BOOST_TEST((signal(SIGHUP, before) == SIG_IGN));
}

BOOST_AUTO_TEST_CASE(each_warning_is_told_once_and_made_safe_to_print) {
  PlainFile file;
  {
    Terminal terminal(file.stream);
    LiveStatus status = status_at(0s);
    terminal.show(status);
    status.warnings = {"a synthetic model stands in\x1b[2J", "another"};
    for (int i = 1; i < 30; ++i) terminal.show(status);
  }
  const std::string text = file.text();
  BOOST_TEST(count(text, "warning: a synthetic model stands in?[2J\n") == 1u);
  BOOST_TEST(count(text, "warning: another\n") == 1u);
  BOOST_TEST(count(text, "\x1b") == 0u);
}

BOOST_AUTO_TEST_CASE(warnings_stay_above_the_live_view, *terminals) {
  PseudoTerminal pseudo;
  {
    Terminal terminal(pseudo.stream);
    LiveStatus status = status_at(0s, RunStage::preparing);
    terminal.show(status);
    status.warnings = {"a synthetic model stands in"};
    terminal.show(status);
    terminal.show(status);
  }
  const std::string text = pseudo.text();
  // The view is erased, the warning takes its place, and the view is drawn anew below it.
  BOOST_TEST(count(text, "a synthetic model stands in") == 1u);
  BOOST_TEST(text.find("\x1b[J") < text.find("a synthetic model stands in"));
  BOOST_TEST(text.find("1 warning") > text.find("a synthetic model stands in"));
}

BOOST_AUTO_TEST_CASE(a_terminal_where_nothing_was_shown_is_left_alone) {
  PlainFile file;
  {
    Terminal terminal(file.stream);
    terminal.finish();
  }
  BOOST_TEST(std::ftell(file.stream) == 0);
}

BOOST_AUTO_TEST_CASE(colour_is_for_terminals_that_did_not_refuse_it, *terminals) {
  PlainFile file;
  BOOST_TEST(!colour_wanted(file.stream));
  PseudoTerminal pseudo;
  BOOST_TEST(colour_wanted(pseudo.stream));
  setenv("NO_COLOR", "1", 1);
  BOOST_TEST(!colour_wanted(pseudo.stream));
  unsetenv("NO_COLOR");
  setenv("TERM", "dumb", 1);
  BOOST_TEST(!colour_wanted(pseudo.stream));
}
