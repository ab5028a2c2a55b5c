#include "actors/bridge/arrival_limit.hpp"

#include <boost/test/unit_test.hpp>
#include <deque>
#include <string>
#include <thread>
#include <vector>

using namespace squall::actors;

using Ticket = std::shared_ptr<const void>;

BOOST_AUTO_TEST_CASE(each_peer_has_so_many_frames_under_way_and_no_more) {
  ArrivalLimit limit({.frames = 3, .bytes = 1000, .total_bytes = 100'000});
  std::deque<Ticket> held;
  for (int i = 0; i < 3; ++i) {
    held.push_back(limit.admit("flood", 1));
    BOOST_TEST(held.back() != nullptr);
  }
  BOOST_TEST(limit.admit("flood", 1) == nullptr);
  BOOST_TEST(limit.admit("other", 1) != nullptr, "one peer's flood shuts out another");
  held.pop_front();
  BOOST_TEST(limit.admit("flood", 1) != nullptr);
}

BOOST_AUTO_TEST_CASE(each_peer_has_so_many_bytes_under_way_but_one_frame_always) {
  ArrivalLimit limit({.frames = 100, .bytes = 1000, .total_bytes = 100'000});
  const auto long_one = limit.admit("peer", 5000);
  BOOST_TEST(long_one != nullptr);
  BOOST_TEST(limit.admit("peer", 1) == nullptr);
  const auto first = limit.admit("other", 600);
  BOOST_TEST(limit.admit("other", 401) == nullptr);
  BOOST_TEST(limit.admit("other", 400) != nullptr);
}

BOOST_AUTO_TEST_CASE(in_all_there_is_a_bound_whatever_many_peers_do_together) {
  ArrivalLimit limit({.frames = 100, .bytes = 1000, .total_bytes = 10'000});
  std::vector<Ticket> held;
  std::size_t bytes = 0;
  for (int round = 0; round < 10; ++round)
    for (int peer = 0; peer < 100; ++peer)
      if (auto ticket = limit.admit(std::to_string(peer), 500)) {
        held.push_back(std::move(ticket));
        bytes += 500;
      }
  BOOST_TEST(bytes == 20'000u);
  held.clear();
  BOOST_TEST(limit.admit("1", 500) != nullptr);
}

BOOST_AUTO_TEST_CASE(peers_that_are_gone_are_forgotten) {
  ArrivalLimit limit;
  const auto stays = limit.admit("stays", 1);
  for (int i = 0; i < 100'000; ++i) BOOST_REQUIRE(limit.admit(std::to_string(i), 1));
  BOOST_TEST(limit.remembered() <= 200u);
  std::vector<Ticket> held;
  for (int i = 0; i < 255; ++i) held.push_back(limit.admit("stays", 1));
  BOOST_TEST(limit.admit("stays", 1) == nullptr, "what is under way was forgotten");
}

BOOST_AUTO_TEST_CASE(frames_are_dealt_with_on_other_threads_and_after_the_link_is_gone) {
  std::vector<Ticket> held;
  {
    ArrivalLimit limit({.frames = 10, .bytes = 1000, .total_bytes = 10'000});
    for (int round = 0; round < 1000; ++round) {
      for (int i = 0; i < 10; ++i) {
        held.push_back(limit.admit("peer", 1));
        BOOST_REQUIRE(held.back() != nullptr);
      }
      std::thread([&] { held.clear(); }).join();
    }
    held.push_back(limit.admit("peer", 1));
  }
  held.clear();
}
