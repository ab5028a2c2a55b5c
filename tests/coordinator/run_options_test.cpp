// From the options of `squall run` to who takes part.

#include "coordinator/commands/run_options.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/process.hpp"

using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

bool says(const RunOptions& options, const std::string& part) {
  try {
    participants_of(options);
  } catch (const UsageError& error) {
    BOOST_TEST_MESSAGE(error.what());
    return std::string(error.what()).find(part) != std::string::npos;
  }
  return false;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_listen_all_agents_are_local) {
  BOOST_TEST(participants_of({}).local == 1u);
  const auto four = participants_of({.agents = 4});
  BOOST_TEST(four.local == 4u);
  BOOST_TEST(four.agents == 4u);
  BOOST_TEST(!four.from_elsewhere);
  BOOST_TEST(participants_of({.local = 3}).agents == 3u);
  BOOST_TEST(participants_of({.agents = 3, .local = 3}).local == 3u);
  BOOST_TEST(says({.agents = 3, .local = 2}, "give one"));
  BOOST_TEST(says({.agents = 65}, "at most 64"));
}

BOOST_AUTO_TEST_CASE(with_listen_agents_come_from_elsewhere) {
  const auto one = participants_of({.listen = "tcp://127.0.0.1:5555"});
  BOOST_TEST(one.agents == 1u);
  BOOST_TEST(one.local == 0u);
  BOOST_TEST(one.from_elsewhere);
  const auto both = participants_of({.listen = "tcp://*:5555", .agents = 5, .local = 2});
  BOOST_TEST(both.agents == 5u);
  BOOST_TEST(both.local == 2u);
  BOOST_TEST(both.from_elsewhere);
  const auto own = participants_of({.listen = "tcp://*:5555", .local = 2});
  BOOST_TEST(own.agents == 2u);
  BOOST_TEST(!own.from_elsewhere);
  BOOST_TEST(says({.listen = "tcp://*:1", .agents = 1, .local = 2}, "in all"));
}

BOOST_AUTO_TEST_CASE(whoever_comes_within_a_time_takes_part) {
  const auto who = participants_of({.listen = "tcp://*:5555", .wait = "90s"});
  BOOST_REQUIRE(who.wait.has_value());
  BOOST_TEST((*who.wait == 90s));
  BOOST_TEST(who.from_elsewhere);
  BOOST_TEST(says({.wait = "90s"}, "--listen"));
  BOOST_TEST(says({.listen = "tcp://*:1", .wait = "soon"}, "60s"));
  BOOST_TEST(says({.listen = "tcp://*:1", .wait = "0s"}, "above 0"));
  BOOST_TEST(says({.listen = "tcp://*:1", .agents = 2, .wait = "9s"}, "one of them"));
}

BOOST_AUTO_TEST_CASE(a_file_names_who_takes_part_beside_our_own) {
  const squall::tests::TemporaryFolder folder;
  const auto file = folder.write("agents", "web-1  # the first\n\n# none\n\tweb-2\r\nlocal-1\n");
  const auto who = participants_of({.listen = "tcp://*:5555", .local = 2, .agents_file = file});
  const std::vector<std::string> expected{"web-1", "web-2", "local-1", "local-2"};
  BOOST_TEST(who.names == expected);
  BOOST_TEST(who.agents == 4u);
  BOOST_TEST(who.from_elsewhere);
  BOOST_TEST(says({.listen = "tcp://*:1", .agents_file = "/nowhere/agents"}, "/nowhere/agents"));
  BOOST_TEST(says({.listen = "tcp://*:1", .agents_file = folder.path()}, "directory"));
  const auto twice = folder.write("twice", "a\nb\na\n");
  BOOST_TEST(says({.listen = "tcp://*:1", .agents_file = twice}, "twice:3: 'a' is there twice"));
  const auto none = folder.write("none", "# nobody\n");
  BOOST_TEST(says({.listen = "tcp://*:1", .agents_file = none}, "names no agent"));
  const auto two = folder.write("two", "a b\n");
  BOOST_TEST(says({.listen = "tcp://*:1", .agents_file = two}, "one name a line"));
}

BOOST_AUTO_TEST_CASE(agents_over_ssh_are_called_as_their_hosts) {
  const auto who = participants_of({.ssh = {"web1", "me@web2"}});
  BOOST_TEST(who.agents == 2u);
  BOOST_TEST(who.local == 0u);
  BOOST_TEST(!who.from_elsewhere);
  const std::vector<std::string> names{"web1", "web2", "web1-2", "web1-3"};
  BOOST_TEST(names_of_hosts({"web1", "me@web2", "you@web1", "web1"}) == names);
  BOOST_TEST(participants_of({.local = 1, .ssh = {"web1"}}).agents == 2u);
  BOOST_TEST(says({.agents = 3, .ssh = {"web1"}}, "need --listen"));
}

BOOST_AUTO_TEST_CASE(labels_that_our_own_agents_lack_are_noticed_before_they_are_refused) {
  squall::scenarios::AgentRules rules;
  rules.require = {"gpu", "rack=a"};
  Participants who;
  BOOST_CHECK_NO_THROW(check_labels({.local_labels = {"rack=a", "gpu"}}, who, rules));
  BOOST_CHECK_EXCEPTION(
      check_labels({.local_labels = {"gpu"}}, who, rules), UsageError, [](const auto& error) {
        return std::string(error.what()).find("--local-label rack=a") != std::string::npos;
      });
  who.local = 0;  // others may have them
  BOOST_CHECK_NO_THROW(check_labels({}, who, rules));
}

BOOST_AUTO_TEST_CASE(a_host_is_never_taken_for_an_option_of_ssh) {
  for (const char* host : {"-oProxyCommand=touch x", "", "me@", "web 1", "web\n1"})
    BOOST_TEST(says({.ssh = {host}}, "host names"), host);
}
