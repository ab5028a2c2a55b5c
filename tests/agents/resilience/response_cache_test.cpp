#include "agents/targets/resilience/response_cache.hpp"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "scenarios/load/random.hpp"

using namespace squall;
using namespace squall::actors;
using namespace squall::agents;
using namespace squall::scenarios;
using namespace std::chrono_literals;

namespace {

LoadRequest asking(std::string text, std::uint32_t answer_tokens = 8) {
  LoadRequest request;
  request.plan.answer_tokens = answer_tokens;
  request.prompt.parts.push_back({Speaker::user, std::move(text)});
  return request;
}

constexpr Instant begun{1h};

}  // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_given_until_it_is_too_old) {
  agents::ResponseCache cache({.time_to_live = 10s});
  cache.store("a", {"answer", 3, 4}, begun);
  const auto* found = cache.find("a", begun + 10s - 1ns);
  BOOST_REQUIRE(found);
  BOOST_TEST(found->text == "answer");
  BOOST_TEST(found->prompt_tokens == 3u);
  BOOST_TEST(found->output_tokens == 4u);
  BOOST_TEST(!cache.find("a", begun + 10s));
  BOOST_TEST(cache.size() == 0u);
  BOOST_TEST(cache.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(using_an_answer_does_not_make_it_younger) {
  agents::ResponseCache cache({.time_to_live = 10s});
  cache.store("a", {"answer"}, begun);
  BOOST_TEST(cache.find("a", begun + 9s));
  BOOST_TEST(!cache.find("a", begun + 11s));
}

BOOST_AUTO_TEST_CASE(the_least_recently_used_answers_go_when_there_is_no_room) {
  agents::ResponseCache cache({.time_to_live = 1h, .bytes = 4000});
  const std::string kilobyte(1000, 'x');
  for (const char* key : {"a", "b", "c"}) cache.store(key, {kilobyte}, begun);
  BOOST_TEST(cache.find("a", begun));
  cache.store("d", {kilobyte}, begun);
  BOOST_TEST(cache.find("a", begun));
  BOOST_TEST(!cache.find("b", begun));
  BOOST_TEST(cache.find("c", begun));
  BOOST_TEST(cache.find("d", begun));
  BOOST_TEST(cache.bytes() <= 4000u);
}

BOOST_AUTO_TEST_CASE(an_answer_larger_than_the_cache_is_not_kept_and_drives_nothing_out) {
  agents::ResponseCache cache({.time_to_live = 1h, .bytes = 4000});
  cache.store("a", {"small"}, begun);
  cache.store("b", {std::string(5000, 'x')}, begun);
  BOOST_TEST(cache.find("a", begun));
  BOOST_TEST(!cache.find("b", begun));
}

BOOST_AUTO_TEST_CASE(everything_that_decides_the_answer_is_in_the_key) {
  std::set<std::string> keys;
  const auto add = [&](const LoadRequest& request, double temperature) {
    BOOST_TEST(keys.insert(cache_key(request, temperature)).second);
  };
  add(asking("hello"), 0);
  add(asking("hello"), 0.7);
  add(asking("hello", 9), 0);
  add(asking("hellp"), 0);
  LoadRequest request = asking("hello");
  request.prompt.conversation = true;
  add(request, 0);
  request = asking("hello");
  request.prompt.parts[0].speaker = Speaker::system;
  add(request, 0);
  request.prompt.parts = {{Speaker::user, "hel"}, {Speaker::user, "lo"}};
  add(request, 0);
  request.prompt.parts = {{Speaker::user, "hell"}, {Speaker::user, "o"}};
  add(request, 0);
  request.prompt.parts = {{Speaker::user, SyntheticText{1, 2}}};
  add(request, 0);
  request.prompt.parts = {{Speaker::user, SyntheticText{2, 2}}};
  add(request, 0);
  request.prompt.parts = {{Speaker::user, SyntheticText{1, 3}}};
  add(request, 0);
}

BOOST_AUTO_TEST_CASE(what_does_not_decide_the_answer_is_not_in_the_key) {
  LoadRequest request = asking("hello");
  const auto key = cache_key(request, 0.7);
  request.id = 77;
  request.plan.sampling_seed = 99;
  request.plan.place.who = 5;
  request.scheduled = begun;
  request.keep_answer = true;
  BOOST_TEST(cache_key(request, 0.7) == key);
  request.greedy = true;
  BOOST_TEST(cache_key(request, 0.7) == cache_key(asking("hello"), 0));
}

BOOST_AUTO_TEST_CASE(behaves_like_a_plain_list_of_the_last_used) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Random random(seed);
    const std::uint64_t room = 1000 + random.next() % 4000;
    agents::ResponseCache cache({.time_to_live = 50ms, .bytes = room});
    struct Kept {
      std::string key, text;
      Instant expires;
      std::uint64_t size() const { return key.size() + text.size() + 256; }
    };
    std::vector<Kept> model;  // most recently used last
    const auto place = [&](const std::string& key) {
      return std::find_if(model.begin(), model.end(),
                          [&](const Kept& kept) { return kept.key == key; });
    };
    Instant now = begun;
    for (int step = 0; step < 300; ++step) {
      now += nanoseconds(static_cast<std::int64_t>(random.next() % 5'000'000));
      const std::string key(1, static_cast<char>('a' + random.next() % 12));
      const auto kept = place(key);
      if (random.uniform() < 0.5) {
        const auto* found = cache.find(key, now);
        const bool there = kept != model.end() && now < kept->expires;
        BOOST_REQUIRE((found != nullptr) == there);
        if (there) BOOST_TEST(found->text == kept->text);
        if (there) std::rotate(kept, kept + 1, model.end());
        if (!there && kept != model.end()) model.erase(kept);
      } else {
        Kept fresh{key, std::string(random.next() % 1500, 'x'), now + 50ms};
        cache.store(fresh.key, {fresh.text}, now);
        if (kept != model.end()) model.erase(kept);
        if (fresh.size() <= room) model.push_back(fresh);
        const auto total = [&] {
          std::uint64_t sum = 0;
          for (const auto& each : model) sum += each.size();
          return sum;
        };
        while (total() > room) model.erase(model.begin());
        BOOST_REQUIRE(cache.bytes() == total());
      }
      BOOST_REQUIRE(cache.size() == model.size());
    }
  }
}
