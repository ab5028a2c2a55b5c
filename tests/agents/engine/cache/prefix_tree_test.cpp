// Pages are found by exactly the tokens before and in them, and evicted oldest first.

#include "agents/engine/cache/prefix_tree.hpp"

#include <boost/test/unit_test.hpp>
#include <numeric>

using namespace squall::agents;

namespace {

using Tokens = std::vector<std::int32_t>;

Tokens page_of(std::int32_t first) {
  Tokens tokens(squall::kernels::positions_per_page);
  std::iota(tokens.begin(), tokens.end(), first);
  return tokens;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_is_found_by_its_tokens_after_its_parent_only) {
  PrefixTree tree(8);
  tree.add(no_page, page_of(0), 3);
  tree.add(3, page_of(100), 5);
  BOOST_TEST(tree.find(no_page, page_of(0)) == 3U);
  BOOST_TEST(tree.find(3, page_of(100)) == 5U);
  BOOST_TEST(tree.find(no_page, page_of(100)) == no_page);
  BOOST_TEST(tree.find(5, page_of(100)) == no_page);
  BOOST_TEST(tree.find(3, page_of(0)) == no_page);
}

BOOST_AUTO_TEST_CASE(one_other_token_makes_another_page) {
  PrefixTree tree(4);
  tree.add(no_page, page_of(0), 0);
  for (std::size_t i = 0; i < squall::kernels::positions_per_page; ++i) {
    Tokens tokens = page_of(0);
    ++tokens[i];
    BOOST_TEST(tree.find(no_page, tokens) == no_page);
  }
}

BOOST_AUTO_TEST_CASE(pages_whose_hashes_meet_are_told_apart) {
  PrefixTree tree(2);  // of two buckets, so that some of many must share one
  for (std::int32_t first = 0; first < 50; ++first) {
    tree.add(no_page, page_of(first), 0);
    tree.add(no_page, page_of(first + 1000), 1);
    BOOST_TEST(tree.find(no_page, page_of(first)) == 0U);
    BOOST_TEST(tree.find(no_page, page_of(first + 1000)) == 1U);
    BOOST_TEST(tree.find(no_page, page_of(first + 2000)) == no_page);
    tree.let_go(0);
    tree.let_go(1);
    BOOST_TEST(tree.evict() == 0U);
    BOOST_TEST(tree.evict() == 1U);
  }
  BOOST_TEST(tree.size() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_held_is_never_evicted) {
  PrefixTree tree(4);
  tree.add(no_page, page_of(0), 0);
  BOOST_TEST(tree.evict() == no_page);
  tree.hold(0);
  tree.let_go(0);
  BOOST_TEST(tree.evict() == no_page);
  tree.let_go(0);
  BOOST_TEST(tree.kept() == 1U);
  BOOST_TEST(tree.evict() == 0U);
  BOOST_TEST(tree.find(no_page, page_of(0)) == no_page);
  BOOST_TEST(!tree.contains(0));
}

BOOST_AUTO_TEST_CASE(the_page_unused_for_longest_goes_first_and_children_before_parents) {
  PrefixTree tree(8);
  tree.add(no_page, page_of(0), 0);
  tree.add(0, page_of(1), 1);
  tree.add(0, page_of(2), 2);
  tree.add(no_page, page_of(3), 3);
  // The paths 0-1, 0-2 and 3, each let go from its end; then 0-1 is used once more.
  tree.hold(0);
  for (const PageId page : {1, 0, 3, 2, 0}) tree.let_go(page);
  tree.hold(0);
  tree.hold(1);
  tree.let_go(1);
  tree.let_go(0);
  for (const PageId expected : {3, 2, 1, 0}) BOOST_TEST(tree.evict() == expected);
  BOOST_TEST(tree.evict() == no_page);
}
