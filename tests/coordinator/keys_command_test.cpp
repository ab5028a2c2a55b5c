#include "coordinator/keys_command.hpp"

#include <CLI/CLI.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

#include "actors/bridge/curve_keys.hpp"
#include "tests/fixtures/process.hpp"

using namespace squall::coordinator;
using squall::actors::KeyError;
using squall::tests::TemporaryFolder;

namespace {

/// As a shell would give it to `squall`.
int typed(const std::string& words) {
  CLI::App app{"", "squall"};
  KeysOptions options;
  CLI::App* keys = add_keys(app, options);
  try {
    app.parse(words);
  } catch (const CLI::ParseError&) {
    return 2;
  }
  BOOST_REQUIRE(static_cast<bool>(*keys));
  return keys_command(options);
}

/// What the command prints.
std::string printed(const std::string& words) {
  TemporaryFolder folder;
  const std::string file = (folder.path() / "printed").string();
  std::fflush(stdout);
  const int before = dup(STDOUT_FILENO);
  const int into = open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  dup2(into, STDOUT_FILENO);
  const int code = typed(words);
  std::fflush(stdout);
  dup2(before, STDOUT_FILENO);
  close(before);
  close(into);
  BOOST_TEST(code == 0);
  return squall::tests::read_file(file);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_to_do_with_a_new_key_depends_on_where_it_was_made) {
  TemporaryFolder folder;
  const std::string at = " --keys " + folder.path().string();
  const std::string public_half = (folder.path() / "agents" / "worker-1.pub").string();
  const std::string of_coordinator = (folder.path() / "coordinator.pub").string();
  const std::string there = printed("keys make worker-1" + at);  // on the agent's own machine
  BOOST_TEST(there.find(public_half) != std::string::npos, there);
  BOOST_TEST(there.find(of_coordinator) == std::string::npos, there);
  const std::string here = printed("keys make --coordinator worker-2" + at);
  BOOST_TEST(here.find("and copy there:       " + of_coordinator) != std::string::npos, here);
}

BOOST_AUTO_TEST_CASE(keys_are_made_listed_and_revoked_from_the_command_line) {
  TemporaryFolder folder;
  const std::string at = " --keys " + folder.path().string();
  BOOST_TEST(typed("keys make --coordinator worker-1 worker-2" + at) == 0);
  BOOST_TEST(typed("keys make worker-3" + at) == 0);
  BOOST_TEST(typed("keys list" + at) == 0);
  BOOST_TEST(typed("keys revoke worker-2 worker-3" + at) == 0);
  std::string told;
  for (const auto& key : squall::actors::list_keys(folder.path()))
    told += key.name + (key.revoked ? "- " : "+ ");
  BOOST_TEST(told == "coordinator+ worker-1+ worker-2- worker-3- ");
}

BOOST_AUTO_TEST_CASE(orders_that_mean_nothing_are_refused) {
  TemporaryFolder folder;
  const std::string at = " --keys " + folder.path().string();
  BOOST_TEST(typed("keys") == 2);
  BOOST_TEST(typed("keys revoke" + at) == 2);
  BOOST_TEST(typed("keys burn" + at) == 2);
  BOOST_CHECK_THROW(typed("keys make" + at), KeyError);
  BOOST_CHECK_THROW(typed("keys list" + at + "/nowhere"), KeyError);
  BOOST_CHECK_THROW(typed("keys revoke nobody" + at), KeyError);
  BOOST_CHECK_THROW(typed("keys make good ../evil" + at), KeyError);
  BOOST_TEST(!std::filesystem::exists(folder.path() / "agents" / "good.pub"),
             "a key was made although another name was bad");
}
