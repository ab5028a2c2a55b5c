// How many files may be open, and what is said when they are too few.

#include "agents/open_files.hpp"

#include <boost/test/unit_test.hpp>
#include <sys/resource.h>

using namespace squall::agents;

namespace {

rlimit limit_now() {
  rlimit limit{};
  BOOST_REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  return limit;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_soft_limit_is_raised_to_the_hard_one) {
  rlimit limit = limit_now();
  limit.rlim_cur = 256;
  BOOST_REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  BOOST_TEST(raise_open_files_limit() == limit.rlim_max);
  BOOST_TEST(limit_now().rlim_cur == limit.rlim_max);
}

BOOST_AUTO_TEST_CASE(too_few_files_for_the_connections_are_told_with_both_numbers_and_a_remedy) {
  const std::string told = open_files_shortage(5000, 1024);
  for (const char* part : {"5000 connections", "1024", "ulimit", "more agents"})
    BOOST_TEST(told.find(part) != std::string::npos, part);
}

BOOST_AUTO_TEST_CASE(files_enough_are_no_matter) {
  BOOST_TEST(open_files_shortage(5000, 20000).empty());
  BOOST_TEST(!open_files_shortage(1000, 1024).empty());  // other things are open too
}
