#include "actors/bridge/in_memory_link.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using namespace squall::actors;
using namespace std::chrono_literals;

namespace {

const Instant start{1h};

Bytes bytes(const std::string& text) {
  const auto* begin = reinterpret_cast<const std::byte*>(text.data());
  return {begin, begin + text.size()};
}

std::string text(const Bytes& frame) {
  return {reinterpret_cast<const char*>(frame.data()), frame.size()};
}

/// A coordinator and agents that write down what they hear.
struct Cluster {
  explicit Cluster(std::uint64_t seed) : hub(seed, start) {
    coordinator->start([this](const Arrival& arrival) {
      heard.push_back(arrival.peer + ":" + text(arrival.frame));
    });
  }
  std::shared_ptr<Link> join(const PeerId& name) {
    auto link = hub.agent(name);
    link->start([this, name](const Arrival& arrival) {
      heard.push_back(">" + name + ":" + text(arrival.frame));
    });
    return link;
  }

  InMemoryHub hub;
  std::shared_ptr<Link> coordinator = hub.coordinator();
  std::vector<std::string> heard;
};

std::vector<std::string> stormy_history(std::uint64_t seed) {
  Cluster cluster(seed);
  cluster.hub.set_faults(
      Sender::agent,
      {.loss = 0.2, .duplication = 0.2, .delay_at_least = 1ms, .delay_at_most = 50ms});
  const auto a = cluster.join("a");
  const auto b = cluster.join("b");
  for (int i = 0; i < 500; ++i) {
    a->send({}, bytes(std::to_string(i)));
    b->send({}, bytes(std::to_string(i)));
    cluster.hub.advance(start + i * 10ms);
  }
  cluster.hub.advance(start + 1min);
  return cluster.heard;
}

}  // namespace

BOOST_AUTO_TEST_CASE(frames_reach_the_peer_they_are_for_after_the_delay) {
  Cluster cluster(1);
  const auto a = cluster.join("a");
  const auto b = cluster.join("b");
  a->send({}, bytes("hello"));
  cluster.coordinator->send("b", bytes("order"));
  BOOST_TEST((cluster.hub.next_due() == start + 1ms));
  cluster.hub.advance(start + 1ms - 1ns);
  BOOST_TEST(cluster.heard.empty());
  cluster.hub.advance(start + 1ms);
  BOOST_TEST((cluster.heard == std::vector<std::string>{"a:hello", ">b:order"}));
  BOOST_TEST(!cluster.hub.next_due().has_value());
}

BOOST_AUTO_TEST_CASE(without_faults_nothing_is_lost_or_out_of_order) {
  Cluster cluster(2);
  const auto a = cluster.join("a");
  std::vector<std::string> sent;
  for (int i = 0; i < 1000; ++i) {
    a->send({}, bytes(std::to_string(i)));
    sent.push_back("a:" + std::to_string(i));
    if (i % 7 == 0) cluster.hub.advance(start + i * 100us);
  }
  cluster.hub.advance(start + 1s);
  BOOST_TEST((cluster.heard == sent));
  BOOST_TEST(cluster.hub.lost() == 0u);
}

BOOST_AUTO_TEST_CASE(answers_given_on_delivery_are_delivered_in_the_same_step) {
  InMemoryHub hub(3, start);
  const auto coordinator = hub.coordinator();
  const auto agent = hub.agent("a");
  coordinator->start([&](const Arrival& heard) { coordinator->send(heard.peer, heard.frame); });
  int echoes = 0;
  agent->start([&](Arrival heard) {
    BOOST_TEST(heard.peer.empty());
    if (++echoes < 10) agent->send({}, std::move(heard.frame));
  });
  agent->send({}, bytes("ping"));
  hub.advance(start + 19ms);
  BOOST_TEST(echoes == 9);  // two milliseconds for each round trip
  hub.advance(start + 20ms);
  BOOST_TEST(echoes == 10);
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_accidents) {
  BOOST_TEST((stormy_history(4) == stormy_history(4)));
  BOOST_TEST((stormy_history(4) != stormy_history(5)));
}

BOOST_AUTO_TEST_CASE(loss_duplication_and_reordering_happen_as_often_as_they_should) {
  const auto heard = stormy_history(6);
  // 1,000 frames: 800 arrive, a fifth of them twice.
  BOOST_TEST(heard.size() > 880u);
  BOOST_TEST(heard.size() < 1040u);
  std::vector<std::string> distinct = heard;
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  BOOST_TEST(distinct.size() > 740u);
  BOOST_TEST(distinct.size() < 860u);
  std::vector<int> of_a;
  for (const auto& each : heard)
    if (each[0] == 'a') of_a.push_back(std::stoi(each.substr(2)));
  BOOST_TEST(!std::is_sorted(of_a.begin(), of_a.end()));
}

BOOST_AUTO_TEST_CASE(a_partition_can_be_in_one_direction_and_heal) {
  Cluster cluster(7);
  const auto a = cluster.join("a");
  cluster.hub.set_faults(Sender::coordinator, {.loss = 1});
  a->send({}, bytes("beat"));
  cluster.coordinator->send("a", bytes("lease"));
  cluster.hub.advance(start + 1s);
  BOOST_TEST((cluster.heard == std::vector<std::string>{"a:beat"}));
  BOOST_TEST(cluster.hub.lost() == 1u);
  cluster.hub.set_faults(Sender::coordinator, {});
  cluster.coordinator->send("a", bytes("lease"));
  cluster.hub.advance(start + 2s);
  BOOST_TEST(cluster.heard.back() == ">a:lease");
}

BOOST_AUTO_TEST_CASE(frames_for_strangers_and_the_departed_are_undeliverable) {
  Cluster cluster(8);
  cluster.coordinator->send("nobody", bytes("x"));
  BOOST_TEST(cluster.coordinator->counters().undeliverable == 1u);
  const auto a = cluster.join("a");
  a->send({}, bytes("under way"));
  cluster.coordinator->send("a", bytes("under way"));
  cluster.hub.disconnect("a");
  cluster.coordinator->send("a", bytes("too late"));
  a->send({}, bytes("too late"));
  cluster.hub.advance(start + 1s);
  BOOST_TEST(cluster.heard.empty());
  BOOST_TEST(cluster.coordinator->counters().undeliverable == 2u);
  BOOST_TEST(a->counters().undeliverable == 1u);
  BOOST_TEST(cluster.hub.lost() == 2u);
}

BOOST_AUTO_TEST_CASE(a_restarted_agent_hears_nothing_that_was_for_its_predecessor) {
  Cluster cluster(9);
  const auto before = cluster.join("a");
  cluster.coordinator->send("a", bytes("old"));
  const auto after = cluster.join("a");
  cluster.coordinator->send("a", bytes("new"));
  before->send({}, bytes("ghost"));
  cluster.hub.advance(start + 1s);
  BOOST_TEST((cluster.heard == std::vector<std::string>{">a:new"}));
  BOOST_TEST(before->counters().undeliverable == 1u);
}
