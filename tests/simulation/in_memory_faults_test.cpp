// What the simulations rely on: connections in memory that break, are cut one by one and in one
// direction, hold frames back, and outlive a coordinator.

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "actors/bridge/in_memory_link.hpp"
#include "tests/actors/arrivals.hpp"

using namespace squall::actors;
using squall::tests::bytes_of;
using squall::tests::text_of;
using namespace std::chrono_literals;

namespace {

const Instant start{1h};

struct Cluster {
  InMemoryHub hub{1, start};
  std::shared_ptr<Link> coordinator = begin_coordinator();
  std::vector<std::string> heard;  // "who from: what"

  std::shared_ptr<Link> begin_coordinator() {
    auto link = hub.coordinator();
    link->start([this](const Arrival& arrival) {
      heard.push_back(arrival.peer + ": " + text_of(arrival.frame));
    });
    return link;
  }
  std::shared_ptr<Link> join(const PeerId& name) {
    auto link = hub.agent(name);
    link->start([this, name](const Arrival& arrival) {
      heard.push_back("to " + name + ": " + text_of(arrival.frame));
    });
    return link;
  }
  std::vector<std::string> heard_until(nanoseconds offset) {
    hub.advance(start + offset);
    return std::exchange(heard, {});
  }
};

using Heard = std::vector<std::string>;

}  // namespace

BOOST_AUTO_TEST_CASE(one_agent_can_be_cut_off_in_one_direction_while_others_go_on) {
  Cluster cluster;
  const auto a = cluster.join("a");
  const auto b = cluster.join("b");
  cluster.hub.set_faults(Sender::coordinator, "a", {.loss = 1});
  for (const char* name : {"a", "b"}) cluster.coordinator->send(name, bytes_of("order"));
  a->send({}, bytes_of("beat"));
  BOOST_TEST((cluster.heard_until(1s) == Heard{"to b: order", "a: beat"}));
  cluster.hub.clear_faults("a");
  cluster.coordinator->send("a", bytes_of("order"));
  BOOST_TEST((cluster.heard_until(2s) == Heard{"to a: order"}));
}

BOOST_AUTO_TEST_CASE(held_frames_come_in_order_when_the_cut_is_over) {
  Cluster cluster;
  const auto a = cluster.join("a");
  cluster.hub.set_faults(Sender::agent, "a", {.held = true});
  for (const char* each : {"1", "2", "3"}) a->send({}, bytes_of(each));
  BOOST_TEST(cluster.heard_until(10s).empty());
  cluster.hub.clear_faults("a");
  BOOST_TEST((cluster.heard_until(11s) == Heard{"a: 1", "a: 2", "a: 3"}));
}

BOOST_AUTO_TEST_CASE(a_broken_connection_loses_what_was_under_way_and_is_known_by_another_id) {
  Cluster cluster;
  const auto a = cluster.join("a");
  a->send({}, bytes_of("lost"));
  a->reconnect();
  a->send({}, bytes_of("here again"));
  const auto heard = cluster.heard_until(1s);
  BOOST_REQUIRE(heard.size() == 1u);
  const PeerId connection = heard[0].substr(0, heard[0].find(':'));
  BOOST_TEST(connection != "a");
  BOOST_TEST(cluster.hub.agent_of(connection) == "a");
  BOOST_TEST(cluster.hub.agent_of("a").empty());
  cluster.coordinator->send("a", bytes_of("to the old connection"));
  cluster.coordinator->send(connection, bytes_of("to the new one"));
  BOOST_TEST((cluster.heard_until(2s) == Heard{"to a: to the new one"}));
  BOOST_TEST(cluster.coordinator->counters().undeliverable == 1u);
}

BOOST_AUTO_TEST_CASE(agents_reach_a_coordinator_that_comes_back_over_new_connections) {
  Cluster cluster;
  const auto a = cluster.join("a");
  a->send({}, bytes_of("under way"));
  cluster.hub.coordinator_gone();
  a->send({}, bytes_of("into nothing"));
  BOOST_TEST(cluster.heard_until(1s).empty());
  BOOST_TEST(a->counters().undeliverable == 1u);
  const auto dead = std::exchange(cluster.coordinator, cluster.begin_coordinator());
  a->send({}, bytes_of("hello"));
  dead->send("a", bytes_of("from a ghost"));
  const auto heard = cluster.heard_until(2s);
  BOOST_REQUIRE(heard.size() == 1u);
  BOOST_TEST(heard[0].ends_with(": hello"));
  BOOST_TEST(!heard[0].starts_with("a:"));
}
