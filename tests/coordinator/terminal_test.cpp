#include "coordinator/live/terminal.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fcntl.h>
#include <stdlib.h>
#include <string>
#include <sys/ioctl.h>
#include <unistd.h>

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

/// A terminal of 50 columns.
struct PseudoTerminal {
  int master = posix_openpt(O_RDWR | O_NOCTTY);
  std::FILE* stream = nullptr;

  PseudoTerminal() {
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    BOOST_REQUIRE(master >= 0);
    BOOST_REQUIRE(grantpt(master) == 0);
    BOOST_REQUIRE(unlockpt(master) == 0);
    stream = std::fopen(ptsname(master), "w");
    BOOST_REQUIRE(stream != nullptr);
    const winsize size{24, 50, 0, 0};
    BOOST_REQUIRE(ioctl(master, TIOCSWINSZ, &size) == 0);
  }
  ~PseudoTerminal() {
    std::fclose(stream);
    close(master);
  }
  std::string text() const {
    std::string read(65536, '\0');
    const ssize_t length = ::read(master, read.data(), read.size());
    BOOST_REQUIRE(length > 0);
    read.resize(static_cast<std::size_t>(length));
    return read;
  }
};

boost::test_tools::assertion_result terminals_can_be_made(boost::unit_test::test_unit_id) {
  const int master = posix_openpt(O_RDWR | O_NOCTTY);
  if (master >= 0) close(master);
  boost::test_tools::assertion_result result(master >= 0);
  result.message() << "this system gives no pseudo-terminals (/dev/pts is not mounted)";
  return result;
}

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

BOOST_AUTO_TEST_CASE(a_terminal_is_redrawn_in_place_and_gets_its_cursor_back,
                     *boost::unit_test::precondition(terminals_can_be_made)) {
  PseudoTerminal pseudo;
  {
    Terminal terminal(pseudo.stream);
    terminal.show(status_at(1s));
    terminal.show(status_at(2s));
  }
  const std::string text = pseudo.text();
  BOOST_TEST(count(text, "\x1b[6A") == 2u);  // once to redraw six lines, once to erase them
  BOOST_TEST(count(text, "\x1b[?25l") >= 1u);
  BOOST_TEST(text.rfind("\x1b[?25h") > text.rfind("\x1b[?25l"));
  BOOST_TEST(text.rfind("\x1b[J") > text.rfind("chat"));
  BOOST_TEST(count(text, std::string(40, '.')) == 0u);  // the bar keeps to 50 columns
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

BOOST_AUTO_TEST_CASE(warnings_stay_above_the_live_view,
                     *boost::unit_test::precondition(terminals_can_be_made)) {
  PseudoTerminal pseudo;
  {
    Terminal terminal(pseudo.stream);
    LiveStatus status = status_at(1s);
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

BOOST_AUTO_TEST_CASE(colour_is_for_terminals_that_did_not_refuse_it,
                     *boost::unit_test::precondition(terminals_can_be_made)) {
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
