// Pages are promised, taken, shared and given back; none is lost and none has two owners.

#include "agents/engine/cache/page_pool.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <random>
#include <set>

using namespace squall::agents;

namespace {

using Tokens = std::vector<std::int32_t>;

Tokens tokens_from(std::int32_t first, std::size_t count) {
  Tokens tokens;
  for (std::size_t i = 0; i < count; ++i) tokens.push_back(first + static_cast<std::int32_t>(i));
  return tokens;
}

/// As a request would: takes pages for all of the tokens and shares the full ones.
void fill(PagePool& pool, SequencePages& sequence, const Tokens& tokens) {
  while (sequence.ids.size() < pages_for(tokens.size())) pool.extend(sequence);
  pool.share(sequence, tokens);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_promised_to_one_is_not_promised_to_another) {
  PagePool pool(4, true);
  SequencePages first;
  SequencePages second;
  BOOST_TEST(pool.admit(first, Tokens(3, 1), 96));
  BOOST_TEST(!pool.admit(second, Tokens(3, 1), 64));
  BOOST_TEST(second.ids.empty());
  BOOST_TEST(pool.admit(second, Tokens(3, 1), 32));
  BOOST_TEST(pool.promised() == 4U);
  pool.leave(first);
  pool.leave(second);
  BOOST_TEST((pool.promised() == 0 && pool.in_use() == 0));
}

BOOST_AUTO_TEST_CASE(a_prompt_that_begins_alike_gets_the_same_pages) {
  PagePool pool(8, true);
  const Tokens tokens = tokens_from(0, 80);
  SequencePages first;
  BOOST_REQUIRE(pool.admit(first, tokens, 90));
  fill(pool, first, tokens);
  BOOST_TEST(first.shared == 2U);
  SequencePages second;
  BOOST_REQUIRE(pool.admit(second, tokens, 90));
  BOOST_TEST(second.shared == 2U);
  BOOST_TEST(std::equal(second.ids.begin(), second.ids.end(), first.ids.begin()));
  BOOST_TEST(second.promised == 1U);
  pool.leave(first);
  pool.leave(second);
  BOOST_TEST((pool.in_use() == 0 && pool.kept() == 2));
}

BOOST_AUTO_TEST_CASE(the_last_token_of_a_prompt_is_always_left_to_compute) {
  PagePool pool(8, true);
  SequencePages first;
  const Tokens tokens = tokens_from(0, 64);
  BOOST_REQUIRE(pool.admit(first, tokens, 64));
  fill(pool, first, tokens);
  pool.leave(first);
  SequencePages again;
  BOOST_REQUIRE(pool.admit(again, tokens, 64));
  BOOST_TEST(again.shared == 1U);
}

BOOST_AUTO_TEST_CASE(equal_pages_computed_at_the_same_time_become_one) {
  PagePool pool(8, true);
  const Tokens tokens = tokens_from(0, 40);
  SequencePages first;
  SequencePages second;
  BOOST_REQUIRE(pool.admit(first, tokens, 40));
  BOOST_REQUIRE(pool.admit(second, tokens, 40));
  fill(pool, first, tokens);
  BOOST_TEST(pool.in_use() == 2U);
  fill(pool, second, tokens);
  BOOST_TEST(second.ids[0] == first.ids[0]);
  BOOST_TEST(second.ids[1] != first.ids[1]);
  BOOST_TEST(pool.in_use() == 3U);
}

BOOST_AUTO_TEST_CASE(kept_pages_give_way_to_those_who_need_memory) {
  PagePool pool(3, true);
  SequencePages first;
  BOOST_REQUIRE(pool.admit(first, tokens_from(0, 96), 96));
  fill(pool, first, tokens_from(0, 96));
  pool.leave(first);
  BOOST_TEST(pool.kept() == 3U);
  SequencePages second;
  BOOST_REQUIRE(pool.admit(second, tokens_from(500, 40), 64));
  fill(pool, second, tokens_from(500, 40));
  // The end of the old path went, its beginning is still there.
  BOOST_TEST(pool.kept() == 1U);
  pool.leave(second);
  SequencePages third;
  BOOST_REQUIRE(pool.admit(third, tokens_from(0, 96), 96));
  BOOST_TEST(third.shared == 1U);
}

BOOST_AUTO_TEST_CASE(without_sharing_nothing_is_found_or_kept) {
  PagePool pool(4, false);
  const Tokens tokens = tokens_from(0, 40);
  SequencePages first;
  BOOST_REQUIRE(pool.admit(first, tokens, 40));
  fill(pool, first, tokens);
  SequencePages second;
  BOOST_REQUIRE(pool.admit(second, tokens, 40));
  BOOST_TEST(second.shared == 0U);
  pool.leave(first);
  BOOST_TEST(pool.kept() == 0U);
}

BOOST_AUTO_TEST_CASE(at_any_order_of_joins_and_leaves_no_page_is_lost_or_written_by_two) {
  struct Running {
    SequencePages pages;
    Tokens tokens;  // prompt and answer to come
    std::size_t prompt = 0;
    std::size_t computed = 0;
  };
  std::mt19937_64 random(4);
  for (int round = 0; round < 20; ++round) {
    const std::size_t pages = 4 + random() % 20;
    PagePool pool(pages, true);
    std::map<int, Running> running;
    std::map<PageId, Tokens> written;  // the tokens that a page was computed from
    for (int step = 0; step < 400; ++step) {
      const auto action = random() % 4;
      if (action == 0) {
        Running joining;
        // Few beginnings, so that many are alike.
        joining.tokens = tokens_from(static_cast<std::int32_t>(random() % 3) * 1000, 200);
        joining.prompt = 1 + random() % 120;
        joining.tokens.resize(joining.prompt + random() % 60);
        if (random() % 2 == 0) joining.tokens.back() = -static_cast<std::int32_t>(random() % 5);
        const std::span<const std::int32_t> prompt(joining.tokens.data(), joining.prompt);
        if (!pool.admit(joining.pages, prompt, joining.tokens.size())) continue;
        joining.computed = joining.pages.shared * squall::kernels::positions_per_page;
        BOOST_REQUIRE(joining.computed < joining.prompt);
        running.emplace(step, std::move(joining));
      } else if (action == 1 && !running.empty()) {
        auto leaving = running.begin();
        std::advance(leaving, random() % running.size());
        pool.leave(leaving->second.pages);
        running.erase(leaving);
      } else {
        for (auto& [id, each] : running) {
          const std::size_t upto = std::min(each.tokens.size(), each.computed + random() % 40);
          while (each.pages.ids.size() < pages_for(upto)) pool.extend(each.pages);
          for (; each.computed < upto; ++each.computed) {
            const PageId page = each.pages.ids[each.computed / 32];
            if (each.computed % 32 == 0) written[page].clear();
            BOOST_REQUIRE(written[page].size() == each.computed % 32);  // nobody else writes there
            written[page].push_back(each.tokens[each.computed]);
          }
          pool.share(each.pages, std::span(each.tokens).first(each.computed));
        }
      }
      std::set<PageId> owned;
      std::set<PageId> private_pages;
      std::size_t promised = 0;
      for (const auto& [id, each] : running) {
        promised += each.pages.promised;
        BOOST_REQUIRE(each.pages.ids.size() + each.pages.promised == pages_for(each.tokens.size()));
        for (std::size_t i = 0; i < each.pages.ids.size(); ++i) {
          const PageId page = each.pages.ids[i];
          owned.insert(page);
          if (i >= each.pages.shared) BOOST_REQUIRE(private_pages.insert(page).second);
          const std::size_t begin = i * 32;
          const std::size_t end = std::min(each.computed, begin + 32);
          if (end <= begin) continue;
          BOOST_REQUIRE(std::equal(each.tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                                   each.tokens.begin() + static_cast<std::ptrdiff_t>(end),
                                   written[page].begin(), written[page].end()));
        }
      }
      for (const auto& [id, each] : running) {
        for (std::size_t i = 0; i < each.pages.shared; ++i) {
          BOOST_REQUIRE(!private_pages.contains(each.pages.ids[i]));
        }
      }
      BOOST_REQUIRE(pool.in_use() == owned.size());
      BOOST_REQUIRE(pool.promised() == promised);
      BOOST_REQUIRE(pool.in_use() + pool.promised() <= pages);
    }
    for (auto& [id, each] : running) pool.leave(each.pages);
    BOOST_TEST((pool.in_use() == 0 && pool.promised() == 0));
    SequencePages all;  // everything can be had again
    BOOST_REQUIRE(pool.admit(all, {}, pages * 32));
    std::set<PageId> taken;
    for (std::size_t i = 0; i < pages; ++i) taken.insert(pool.extend(all));
    BOOST_TEST(taken.size() == pages);
    BOOST_TEST(pool.kept() == 0U);
  }
}
