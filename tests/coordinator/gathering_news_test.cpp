// What is told while a run waits for its agents.

#include "coordinator/commands/gathering_news.hpp"

#include <boost/test/unit_test.hpp>

using namespace squall::coordinator;
using namespace std::chrono_literals;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

Participants so_many(std::size_t agents) {
  Participants who;
  who.agents = agents;
  who.from_elsewhere = true;
  return who;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_invitation_has_the_command_to_type_elsewhere) {
  const Entrance entrance{"tcp://0.0.0.0:5555", "/etc/squall", false, {"10.0.0.5", "10.1.0.5"}};
  const std::string text = joined(invitation(entrance, so_many(3)));
  BOOST_TEST_MESSAGE(text);
  BOOST_TEST(contains(text, "waiting for 3 agents"));
  BOOST_TEST(contains(text,
                      "squall agent --connect tcp://10.0.0.5:5555 --keys NAME.key "
                      "--coordinator-key coordinator.pub\n"));
  BOOST_TEST(contains(text, "squall keys make NAME --keys /etc/squall"));
  BOOST_TEST(!contains(text, "--insecure"));
}

BOOST_AUTO_TEST_CASE(without_keys_the_command_says_insecure_too) {
  const Entrance entrance{"tcp://10.0.0.5:5555", "", true, {"10.0.0.5"}};
  const std::string text = joined(invitation(entrance, so_many(1)));
  BOOST_TEST(contains(text, "squall agent --connect tcp://10.0.0.5:5555 --insecure\n"));
  BOOST_TEST(!contains(text, "squall keys"));
}

BOOST_AUTO_TEST_CASE(a_loopback_address_is_told_as_one) {
  const Entrance entrance{"tcp://127.0.0.1:5555", "", false, {"10.0.0.5"}};
  const std::string text = joined(invitation(entrance, so_many(1)));
  BOOST_TEST(contains(text, "this machine"));
  BOOST_TEST(contains(text, "squall agent --connect tcp://127.0.0.1:5555\n"));
  BOOST_TEST(contains(text, "--ssh"));
}

BOOST_AUTO_TEST_CASE(a_machine_without_addresses_is_not_made_up) {
  BOOST_TEST(reachable_endpoint({"tcp://0.0.0.0:5555", "", true, {}}) == "tcp://THIS-MACHINE:5555");
}

BOOST_AUTO_TEST_CASE(each_agent_that_comes_is_told_once_with_who_is_missing) {
  Participants who = so_many(3);
  who.names = {"a", "b", "c"};
  GatheringNews news(who);
  const AgentThere b{"b", "host-b", "b", {"gpu", "rack=a"}};
  const auto first = news.update({b});
  BOOST_REQUIRE(first.size() == 1u);
  BOOST_TEST(first[0] == "b came from host-b (gpu, rack=a; key b): 1 of 3, still missing: a, c");
  BOOST_TEST(news.update({b}).empty());
  const auto second = news.update({b, {"c", "host-c", "", {}}, {"a", "host-a", "", {}}});
  BOOST_REQUIRE(second.size() == 2u);
  BOOST_TEST(second[1] == "a came from host-a: 3 of 3");
}

BOOST_AUTO_TEST_CASE(names_from_elsewhere_cannot_rewrite_the_terminal) {
  GatheringNews news(so_many(1));
  const auto lines = news.update({{"\x1b[2Jevil", "ho\nst", "", {"\x1b]0;x"}}});
  BOOST_REQUIRE(lines.size() == 1u);
  BOOST_TEST(lines[0].find('\x1b') == std::string::npos);
  BOOST_TEST(lines[0].find('\n') == std::string::npos);
}

BOOST_AUTO_TEST_CASE(whoever_comes_in_time_is_counted_without_a_total) {
  Participants who = so_many(0);
  who.wait = 60s;
  GatheringNews news(who);
  BOOST_TEST(news.update({{"a", "h", "", {}}}).at(0) == "a came from h: 1");
  BOOST_TEST(contains(joined(invitation({"tcp://10.0.0.5:1", "", true, {}}, who)),
                      "whoever comes within 60.0 s"));
}
