#include "actors/bridge/zmq_link.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <map>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include "actors/wire/message_codec.hpp"
#include "tests/actors/link_peers.hpp"

#ifdef __SANITIZE_THREAD__
// The packaged ZeroMQ is not instrumented, so its own hand-overs between threads look like races.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libzmq.so\n"; }
#endif

using namespace squall::actors;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

std::string refusal(const std::string& address) {
  try {
    bind_router(address);
  } catch (const LinkError& error) {
    return error.what();
  }
  return "accepted";
}

bool contains(const std::string& whole, const std::string& part) {
  return whole.find(part) != std::string::npos;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_frame_comes_back_from_the_peer_it_was_sent_to) {
  Echo echo;
  Arrivals inbox;
  const auto dealer = connect_dealer(echo.link->endpoint());
  dealer->start(inbox.listener());
  greet(*dealer, inbox);
  BOOST_REQUIRE(inbox.wait_for(1, patience));
  const auto items = inbox.all();
  BOOST_TEST(items[0].text == "hello");
  BOOST_TEST(items[0].peer.empty());
  BOOST_TEST(!echo.inbox.all()[0].peer.empty());
}

BOOST_AUTO_TEST_CASE(frames_of_any_allowed_size_arrive_whole_and_in_order) {
  Echo echo;
  Arrivals inbox;
  const auto dealer = connect_dealer(echo.link->endpoint());
  dealer->start(inbox.listener());
  greet(*dealer, inbox);
  const std::size_t greetings = echo.inbox.all().size();
  BOOST_REQUIRE(inbox.wait_for(greetings, patience));
  std::vector<Bytes> sent;
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{255}, std::size_t{256},
                                 std::size_t{65'536}, frame_limit - 1, frame_limit}) {
    sent.emplace_back(size, static_cast<std::byte>(size % 251));
    dealer->send({}, sent.back());
  }
  BOOST_REQUIRE(inbox.wait_for(greetings + sent.size(), patience));
  const auto items = inbox.all();
  for (std::size_t i = 0; i < sent.size(); ++i)
    BOOST_TEST((bytes_of(items[greetings + i].text) == sent[i]));
}

BOOST_AUTO_TEST_CASE(many_peers_and_senders_each_get_their_own_answers) {
  constexpr int peers = 20;
  constexpr int frames = 200;
  Echo echo;
  std::vector<std::unique_ptr<Arrivals>> inboxes;
  std::vector<std::unique_ptr<ZmqLink>> dealers;
  for (int i = 0; i < peers; ++i) {
    inboxes.push_back(std::make_unique<Arrivals>());
    dealers.push_back(connect_dealer(echo.link->endpoint()));
    dealers.back()->start(inboxes.back()->listener());
    greet(*dealers.back(), *inboxes.back());
  }
  std::vector<std::thread> threads;
  for (int i = 0; i < peers; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < frames; ++k)
        dealers[static_cast<std::size_t>(i)]->send({}, bytes_of(std::to_string(i)));
    });
  for (auto& thread : threads) thread.join();
  for (std::size_t i = 0; i < inboxes.size(); ++i) {
    const std::string own = std::to_string(i);
    const auto count = [&] {
      const auto items = inboxes[i]->all();
      return std::count_if(items.begin(), items.end(),
                           [&](const auto& item) { return item.text == own; });
    };
    BOOST_TEST(eventually([&] { return count() == frames; }));
    for (const auto& item : inboxes[i]->all())
      BOOST_TEST((item.text == own || item.text == "hello"));
  }
  std::map<PeerId, int> known;
  for (const auto& item : echo.inbox.all()) ++known[item.peer];
  BOOST_TEST(known.size() == static_cast<std::size_t>(peers));
}

BOOST_AUTO_TEST_CASE(frames_for_a_stranger_are_counted_as_undeliverable) {
  const auto router = bind_router("tcp://127.0.0.1:*");
  router->start([](const Arrival&) {});
  router->send("nobody", bytes_of("x"));
  router->send("", bytes_of("y"));
  BOOST_TEST(eventually([&] { return router->counters().undeliverable == 2; }));
}

BOOST_AUTO_TEST_CASE(a_peer_that_vanishes_makes_its_frames_undeliverable_and_disturbs_nobody) {
  Echo echo;
  Arrivals gone, stays;
  auto vanishing = connect_dealer(echo.link->endpoint());
  const auto staying = connect_dealer(echo.link->endpoint());
  vanishing->start(gone.listener());
  staying->start(stays.listener());
  greet(*vanishing, gone);
  const PeerId ghost = echo.inbox.all()[0].peer;
  greet(*staying, stays);
  vanishing.reset();
  BOOST_TEST(eventually([&] {
    echo.link->send(ghost, bytes_of("are you there"));
    return echo.link->counters().undeliverable > 0;
  }));
  greet(*staying, stays);
}

BOOST_AUTO_TEST_CASE(a_dealer_without_a_coordinator_drops_and_counts_instead_of_queueing) {
  std::string endpoint;
  {
    const auto router = bind_router("tcp://127.0.0.1:*");
    endpoint = router->endpoint();
  }
  const auto dealer = connect_dealer(endpoint);
  dealer->start([](const Arrival&) {});
  for (int i = 0; i < 5; ++i) dealer->send({}, bytes_of("stale"));
  BOOST_TEST(eventually([&] { return dealer->counters().undeliverable == 5; }));
}

BOOST_AUTO_TEST_CASE(a_dealer_finds_a_coordinator_that_comes_later_or_comes_back) {
  auto router = bind_router("tcp://127.0.0.1:*");
  const std::string endpoint = router->endpoint();
  router.reset();
  Arrivals inbox;
  const auto dealer = connect_dealer(endpoint);
  dealer->start(inbox.listener());
  for (int life = 0; life < 2; ++life) {
    router = bind_router(endpoint);
    router->start([link = router.get()](Arrival arrival) {
      link->send(arrival.peer, std::move(arrival.frame));
    });
    greet(*dealer, inbox);
    router.reset();
  }
}

BOOST_AUTO_TEST_CASE(a_frame_above_the_limit_is_not_sent_and_counted) {
  Echo echo;
  Arrivals inbox;
  const auto dealer = connect_dealer(echo.link->endpoint());
  dealer->start(inbox.listener());
  greet(*dealer, inbox);
  const auto before = dealer->counters().undeliverable;
  dealer->send({}, Bytes(frame_limit + 1));
  BOOST_TEST(dealer->counters().undeliverable == before + 1);
  greet(*dealer, inbox);  // the connection lives on
}

BOOST_AUTO_TEST_CASE(a_peer_that_sends_above_the_limit_is_cut_off_and_disturbs_nobody) {
  Echo echo;
  Arrivals inbox;
  const auto dealer = connect_dealer(echo.link->endpoint());
  dealer->start(inbox.listener());
  RawDealer rude(echo.link->endpoint());
  rude.send(std::string(frame_limit + 1, 'x'));
  greet(*dealer, inbox);
  rude.send(std::string(100, 'x'));
  BOOST_TEST(eventually([&] {
    const auto items = echo.inbox.all();
    return std::any_of(items.begin(), items.end(),
                       [](const auto& item) { return item.text.size() == 100; });
  }));
  for (const auto& item : echo.inbox.all()) BOOST_TEST(item.text.size() <= frame_limit);
}

BOOST_AUTO_TEST_CASE(frames_in_parts_are_dropped_and_counted_and_the_next_one_is_heard) {
  Echo echo;
  RawDealer odd(echo.link->endpoint());
  odd.send("first", true);
  odd.send("second");
  odd.send("", true);
  odd.send("b", true);
  odd.send("c");
  odd.send("whole");
  BOOST_REQUIRE(echo.inbox.wait_for(1, patience));
  const auto items = echo.inbox.all();
  BOOST_REQUIRE(items.size() == 1u);
  BOOST_TEST(items[0].text == "whole");
  BOOST_TEST(echo.link->counters().refused_parts == 2u);
}

BOOST_AUTO_TEST_CASE(what_does_not_even_speak_zeromq_says_nothing_that_decodes) {
  Echo echo;
  Arrivals inbox;
  const auto dealer = connect_dealer(echo.link->endpoint());
  dealer->start(inbox.listener());
  const std::string endpoint = echo.link->endpoint();
  const int raw = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  BOOST_REQUIRE(connect(raw, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const std::string request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + std::string(200, ' ');
  BOOST_TEST(write(raw, request.data(), request.size()) > 0);
  greet(*dealer, inbox);
  // ZeroMQ takes what has no greeting for its oldest protocol, so pieces of it may arrive.
  for (const auto& item : echo.inbox.all())
    if (item.text != "hello")
      BOOST_TEST(std::holds_alternative<DecodeError>(decode(bytes_of(item.text))));
  close(raw);
}

BOOST_AUTO_TEST_CASE(a_port_in_use_is_told_with_what_to_do) {
  const auto first = bind_router("tcp://127.0.0.1:*");
  const std::string why = refusal(first->endpoint());
  BOOST_TEST(contains(why, first->endpoint()), why);
  BOOST_TEST(contains(why, "in use"), why);
  BOOST_TEST(contains(why, "tcp://127.0.0.1:*"), why);
}

BOOST_AUTO_TEST_CASE(what_was_queued_when_a_link_closes_still_arrives) {
  for (int round = 0; round < 5; ++round) {
    Echo echo;
    Arrivals inbox;
    auto dealer = connect_dealer(echo.link->endpoint());
    dealer->start(inbox.listener());
    greet(*dealer, inbox);
    const std::size_t before = echo.inbox.all().size();
    for (int i = 0; i < 50; ++i) dealer->send({}, bytes_of("last words"));
    dealer.reset();
    BOOST_TEST(echo.inbox.wait_for(before + 50, patience));
    const auto items = echo.inbox.all();
    BOOST_TEST(std::count_if(items.begin(), items.end(),
                             [](const auto& item) { return item.text == "last words"; }) == 50);
  }
}

BOOST_AUTO_TEST_CASE(what_was_queued_while_the_link_was_busy_still_arrives) {
  Echo echo;
  {
    std::atomic<bool> busy{false};
    const auto dealer = connect_dealer(echo.link->endpoint());
    dealer->start([&](const Arrival&) {
      busy = true;
      std::this_thread::sleep_for(200ms);
    });
    BOOST_REQUIRE(eventually([&] {
      dealer->send({}, bytes_of("hello"));
      return busy.load();
    }));
    dealer->send({}, bytes_of("last"));
  }
  BOOST_TEST(eventually([&] { return echo.inbox.all().back().text == "last"; }),
             "the last frame was left in the queue");
}

BOOST_AUTO_TEST_CASE(closing_takes_no_longer_than_the_linger_whatever_the_peer_does) {
  auto router = bind_router("tcp://127.0.0.1:*");
  Arrivals inbox;
  router->start(inbox.listener());
  RawDealer deaf(router->endpoint());  // never reads
  deaf.send("hello");
  BOOST_REQUIRE(inbox.wait_for(1, patience));
  const auto items = inbox.all();
  BOOST_REQUIRE(items.size() == 1u);
  for (int i = 0; i < 64; ++i) router->send(items[0].peer, Bytes(frame_limit));
  const auto begun = std::chrono::steady_clock::now();
  router.reset();
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 5s));  // half a second, on an idle machine
}

BOOST_AUTO_TEST_CASE(links_that_never_started_or_never_met_close_at_once) {
  const auto begun = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    const auto router = bind_router("tcp://127.0.0.1:*");
    const auto dealer = connect_dealer(router->endpoint());
    if (i % 2 == 0) dealer->start([](const Arrival&) {});
  }
  BOOST_TEST((std::chrono::steady_clock::now() - begun < 5s));
}
