#include "agents/agent_journals.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

using namespace squall::agents;
using namespace squall::actors;
namespace fs = std::filesystem;

namespace {

struct Folder {
  fs::path path = fs::temp_directory_path() / ("squall-agent-journals-" + std::to_string(getpid()));
  Folder() { fs::create_directories(path); }
  ~Folder() { fs::remove_all(path); }

  static PartOpened part_of(const std::string& run) { return {run, 7, {}, {}}; }
};

/// Puts variables of the environment back when it goes.
struct Variable {
  std::string name, before;
  bool was_set;
  Variable(const char* which, const char* value) : name(which), was_set(std::getenv(which)) {
    if (was_set) before = std::getenv(which);
    if (value != nullptr)
      setenv(which, value, 1);
    else
      unsetenv(which);
  }
  ~Variable() {
    if (was_set)
      setenv(name.c_str(), before.c_str(), 1);
    else
      unsetenv(name.c_str());
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(agent_journals, Folder)

BOOST_AUTO_TEST_CASE(the_nearest_wish_says_where_they_are) {
  const Variable home("HOME", "/home/me");
  const Variable xdg("XDG_STATE_HOME", nullptr);
  const Variable squall("SQUALL_STATE", nullptr);
  BOOST_TEST(agent_journal_folder("") == "/home/me/.local/state/squall/agents");
  const Variable other_xdg("XDG_STATE_HOME", "/xdg");
  BOOST_TEST(agent_journal_folder("") == "/xdg/squall/agents");
  const Variable other_squall("SQUALL_STATE", "/state");
  BOOST_TEST(agent_journal_folder("") == "/state/agents");
  BOOST_TEST(agent_journal_folder("/asked") == "/asked/agents");
}

BOOST_AUTO_TEST_CASE(where_nothing_says_it_the_remedy_is_told) {
  const Variable home("HOME", nullptr);
  const Variable xdg("XDG_STATE_HOME", nullptr);
  const Variable squall("SQUALL_STATE", nullptr);
  BOOST_CHECK_EXCEPTION(agent_journal_folder(""), JournalError, [](const JournalError& error) {
    return std::string(error.what()).find("--state") != std::string::npos;
  });
}

BOOST_AUTO_TEST_CASE(a_coordinator_cannot_choose_another_folder_by_the_name_of_its_run) {
  BOOST_TEST(agent_journal_file("/j", part_of("20261121-a.b_c")) == "/j/20261121-a.b_c-7.journal");
  for (const std::string run : {"", "..", "../../etc/x", "a/b", ".hidden", "a b", "a\nb"})
    BOOST_CHECK_THROW(agent_journal_file("/j", part_of(run)), JournalError);
  BOOST_CHECK_THROW(agent_journal_file("/j", part_of(std::string(101, 'a'))), JournalError);
  BOOST_CHECK_THROW(agent_journal_file("/j", part_of(std::string("a\0b", 3))), JournalError);
}

BOOST_AUTO_TEST_CASE(what_nobody_writes_any_more_was_left_behind) {
  BOOST_TEST(journals_left_behind(path / "none").empty());
  const auto file = agent_journal_file(path, part_of("run-1"));
  auto journal = create_journal(file);
  std::ofstream(path / "something else") << "x";
  BOOST_TEST(journals_left_behind(path).empty());  // its agent lives
  journal.reset();
  const auto left = journals_left_behind(path);
  BOOST_REQUIRE(left.size() == 1u);
  BOOST_TEST(left.front() == file);
  const auto again = continue_journal(file);  // looking took nothing from it
}

BOOST_AUTO_TEST_CASE(what_is_to_be_typed_survives_a_shell) {
  const CoordinatorAddress plain{"tcp://10.0.0.1:5555", "", "", true};
  BOOST_TEST(hand_over_command(plain, "/state/agents/run-1-7.journal") ==
             "squall agent --connect tcp://10.0.0.1:5555 --insecure --hand-over "
             "/state/agents/run-1-7.journal");
  const CoordinatorAddress keyed{"tcp://10.0.0.1:5555", "my keys/a.key", "it's.pub", false};
  BOOST_TEST(hand_over_command(keyed, "/my state/a.journal") ==
             "squall agent --connect tcp://10.0.0.1:5555 --keys 'my keys/a.key' "
             "--coordinator-key 'it'\\''s.pub' --hand-over '/my state/a.journal'");
}

BOOST_AUTO_TEST_SUITE_END()
