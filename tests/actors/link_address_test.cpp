#include "actors/bridge/link_address.hpp"

#include <boost/test/unit_test.hpp>
#include <vector>

#include "actors/bridge/zmq_link.hpp"

using namespace squall::actors;

namespace {

template <class Action>
std::string refusal(Action action) {
  try {
    action();
  } catch (const LinkError& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(loopback_is_told_from_all_else) {
  for (const char* here :
       {"tcp://127.0.0.1:5555", "tcp://localhost:5555", "tcp://127.9.9.9:1", "tcp://[::1]:65535"}) {
    BOOST_TEST(listening_address(here).is_loopback, here);
    BOOST_TEST(connecting_address(here).is_loopback, here);
  }
  for (const char* elsewhere : {"tcp://0.0.0.0:5555", "tcp://*:*", "tcp://192.168.1.7:5555",
                                "tcp://128.0.0.1:5555", "tcp://[::]:5555", "tcp://[fe80::1]:5555"})
    BOOST_TEST(!listening_address(elsewhere).is_loopback, elsewhere);
  for (const char* elsewhere : {"tcp://10.0.0.1:5555", "tcp://example.org:5555", "tcp://node-7:1",
                                "tcp://127.0.0.1.example.org:5555", "tcp://[2001:db8::1]:5555"})
    BOOST_TEST(!connecting_address(elsewhere).is_loopback, elsewhere);
}

BOOST_AUTO_TEST_CASE(addresses_become_what_zeromq_wants) {
  BOOST_TEST(listening_address("tcp://localhost:*").text == "tcp://127.0.0.1:*");
  BOOST_TEST(connecting_address("tcp://node-7.rack:5555").text == "tcp://node-7.rack:5555");
  BOOST_TEST(connecting_address("tcp://[::1]:5555").text == "tcp://[::1]:5555");
  BOOST_TEST(connecting_address("tcp://[::1]:5555").is_ipv6);
}

BOOST_AUTO_TEST_CASE(what_is_no_address_is_refused_in_words) {
  for (const char* address : {"", "127.0.0.1:5555", "tcp://127.0.0.1", "tcp://127.0.0.1:port",
                              "ipc:///tmp/squall", "tcp://::1:5555", "tcp://127.0.0.1:123456",
                              "tcp://eth0;10.0.0.1:5555", "tcp://[::g]:5555", "tcp://a b:5555"}) {
    BOOST_TEST(contains(refusal([&] { listening_address(address); }), "is not an address"),
               address);
    BOOST_TEST(contains(refusal([&] { connecting_address(address); }), "is not an address"),
               address);
  }
  for (const char* address : {"tcp://127.0.0.999:5555", "tcp://1.2.3:5555", "tcp://-x:5555"})
    BOOST_TEST(contains(refusal([&] { connecting_address(address); }), "is not an address"),
               address);
  BOOST_TEST(contains(refusal([] { listening_address("tcp://127.0.0.1:0"); }), "no port 0"));
  BOOST_TEST(contains(refusal([] { connecting_address("tcp://h:65536"); }), "no port 65536"));
  BOOST_TEST(contains(refusal([] { connecting_address("tcp://127.0.0.1:*"); }), "names no port"));
  BOOST_TEST(contains(refusal([] { connecting_address("tcp://*:5555"); }), "names no machine"));
  BOOST_TEST(contains(refusal([] { listening_address("tcp://example.org:5555"); }),
                      "neither an address nor an interface"));
}

BOOST_AUTO_TEST_CASE(without_keys_only_loopback_is_accepted_unless_somebody_insists) {
  for (const char* address : {"tcp://0.0.0.0:*", "tcp://*:*", "tcp://192.0.2.7:5555"}) {
    const std::string why = refusal([&] { bind_router(address); });
    BOOST_TEST(contains(why, address), why);
    for (const char* remedy : {"squall keys make", "--keys", "tcp://127.0.0.1:PORT", "--insecure"})
      BOOST_TEST(contains(why, remedy), why);
  }
  for (const char* address : {"tcp://192.0.2.7:5555", "tcp://example.org:5555"}) {
    const std::string why = refusal([&] { connect_dealer(address); });
    for (const char* remedy : {"--keys", "--coordinator-key", "--insecure"})
      BOOST_TEST(contains(why, remedy), why);
  }
  const auto everywhere = bind_router("tcp://0.0.0.0:*", {{}, true});
  BOOST_TEST(contains(everywhere->endpoint(), "tcp://0.0.0.0:"));
  connect_dealer("tcp://192.0.2.7:5555", {std::nullopt, "", true});
}

BOOST_AUTO_TEST_CASE(an_address_of_another_machine_cannot_be_listened_at) {
  const std::string why = refusal([] { bind_router("tcp://192.0.2.7:*", {{}, true}); });
  BOOST_TEST(contains(why, "no such address"), why);
}
