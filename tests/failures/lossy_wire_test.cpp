// The wire does what it says: measured with datagrams and with TCP, before anything else is
// believed that happens over it.

#include "tests/failures/lossy_wire.hpp"

#include <arpa/inet.h>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstring>
#include <set>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "tests/failures/rights.hpp"

using namespace squall::tests;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

BOOST_TEST_GLOBAL_CONFIGURATION(NeedsNetworks);

namespace {

sockaddr_in address_of(const char* number, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, number, &address.sin_addr);
  return address;
}

class Socket {
 public:
  Socket(const NetworkNamespace& network, int type) {
    const NetworkNamespace::Inside inside(network);
    descriptor_ = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    const timeval patience{0, 300'000};
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    const int much = 1 << 22;
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUFFORCE, &much, sizeof much);
  }
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() { close(descriptor_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int get() const { return descriptor_; }
  void bind_to(const char* number, std::uint16_t port) const {
    const auto address = address_of(number, port);
    BOOST_REQUIRE(bind(get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  }

 private:
  int descriptor_;
};

struct Probe {
  std::uint32_t number = 0;
  Clock::time_point sent;
};
struct Heard {
  std::uint32_t number = 0;
  Clock::duration age{0};
};

constexpr const char* left_address = "10.77.0.1";
constexpr const char* right_address = "10.77.0.2";

struct Fixture {
  NetworkNamespace left, right;
  LossyWire wire{{left, "wire0", left_address}, {right, "wire0", right_address}, 7};

  /// Sends so many datagrams from one end, and tells which arrived at the other, in their order.
  std::vector<Heard> send(LossyWire::From from, std::uint32_t count) {
    return send(left, right, from, count);
  }
  static std::vector<Heard> send(const NetworkNamespace& at_left, const NetworkNamespace& at_right,
                                 LossyWire::From from, std::uint32_t count) {
    const bool to_right = from == LossyWire::From::left;
    const Socket sender(to_right ? at_left : at_right, SOCK_DGRAM);
    const Socket receiver(to_right ? at_right : at_left, SOCK_DGRAM);
    const char* to = to_right ? right_address : left_address;
    receiver.bind_to(to, 9000);
    std::vector<Heard> heard;
    std::thread listening([&] {
      for (Probe probe; recv(receiver.get(), &probe, sizeof probe, 0) == sizeof probe;)
        heard.push_back({probe.number, Clock::now() - probe.sent});
    });
    const auto address = address_of(to, 9000);
    for (std::uint32_t i = 0; i < count; ++i) {
      const Probe probe{i, Clock::now()};
      sendto(sender.get(), &probe, sizeof probe, 0, reinterpret_cast<const sockaddr*>(&address),
             sizeof address);
      std::this_thread::sleep_for(200us);
    }
    listening.join();
    return heard;
  }
};

std::set<std::uint32_t> numbers(const std::vector<Heard>& heard) {
  std::set<std::uint32_t> all;
  for (const auto& each : heard) all.insert(each.number);
  return all;
}

std::size_t out_of_order(const std::vector<Heard>& heard) {
  std::size_t count = 0;
  for (std::size_t i = 1; i < heard.size(); ++i) count += heard[i].number < heard[i - 1].number;
  return count;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(a_wire, Fixture)

BOOST_AUTO_TEST_CASE(without_faults_carries_everything_in_order) {
  for (const auto from : {LossyWire::From::left, LossyWire::From::right}) {
    const auto heard = send(from, 1000);
    BOOST_TEST(heard.size() == 1000u);
    BOOST_TEST(numbers(heard).size() == 1000u);
    BOOST_TEST(out_of_order(heard) == 0u);
  }
}

BOOST_AUTO_TEST_CASE(loses_three_in_ten_both_ways) {
  wire.set({.loss = 0.3});
  for (const auto from : {LossyWire::From::left, LossyWire::From::right}) {
    const auto heard = send(from, 2000);
    // 1400 expected, deviation sqrt(2000 * 0.3 * 0.7) = 20.5: six of them.
    BOOST_TEST((heard.size() > 1277u && heard.size() < 1523u), heard.size() << " of 2000");
    BOOST_TEST(wire.counts(from).lost == 2000u - heard.size());
    BOOST_TEST_MESSAGE("loss measured: " << 100.0 - static_cast<double>(heard.size()) / 20 << " %");
  }
}

BOOST_AUTO_TEST_CASE(with_the_same_seed_loses_the_same_packets) {
  wire.set({.loss = 0.3, .duplication = 0.1});
  const auto first = numbers(send(LossyWire::From::left, 500));
  const NetworkNamespace a, b;
  LossyWire twin({a, "wire0", left_address}, {b, "wire0", right_address}, 7);
  twin.set({.loss = 0.3, .duplication = 0.1});
  const auto second = numbers(send(a, b, LossyWire::From::left, 500));
  BOOST_TEST(first == second, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(delays_each_packet_and_by_its_jitter_reorders_them) {
  wire.set({.delay = 200ms, .jitter = 50ms});
  const auto heard = send(LossyWire::From::left, 1000);
  BOOST_TEST(heard.size() == 1000u);
  Clock::duration least = 1h;
  Clock::duration sum{0};
  for (const auto& each : heard) {
    least = std::min(least, each.age);
    sum += each.age;
  }
  const auto mean = std::chrono::duration<double, std::milli>(sum).count() / 1000;
  BOOST_TEST((least >= 150ms));
  BOOST_TEST((mean > 195 && mean < 300), mean << " ms");  // more on a busy machine, never less
  BOOST_TEST(out_of_order(heard) > 100u);
  BOOST_TEST_MESSAGE("delay measured: mean " << mean << " ms");
}

BOOST_AUTO_TEST_CASE(lets_some_overtake_others) {
  wire.set({.reordering = 0.25, .delay = 20ms});
  const auto heard = send(LossyWire::From::left, 1000);
  BOOST_TEST(numbers(heard).size() == 1000u);
  const auto overtaking = wire.counts(LossyWire::From::left).overtaking;
  BOOST_TEST((overtaking > 168u && overtaking < 332u), overtaking << " of 1000");
  BOOST_TEST(out_of_order(heard) > 50u);
}

BOOST_AUTO_TEST_CASE(carries_some_twice) {
  wire.set({.duplication = 0.2});
  const auto heard = send(LossyWire::From::left, 1000);
  BOOST_TEST(numbers(heard).size() == 1000u);
  BOOST_TEST(heard.size() == 1000u + wire.counts(LossyWire::From::left).duplicated);
  BOOST_TEST((heard.size() > 1124u && heard.size() < 1276u), heard.size());
}

BOOST_AUTO_TEST_CASE(can_be_cut_one_way_or_unplugged) {
  wire.set(LossyWire::From::left, {.cut = true});
  BOOST_TEST(send(LossyWire::From::left, 50).empty());
  BOOST_TEST(send(LossyWire::From::right, 50).size() == 50u);
  wire.set(LossyWire::From::left, {});
  wire.set_plugged(false);
  BOOST_TEST(send(LossyWire::From::left, 50).empty());
  BOOST_TEST(send(LossyWire::From::right, 50).empty());
  wire.set_plugged(true);
  // The kernel does not look at the carrier at once.
  const auto until = Clock::now() + 10s;
  while (send(LossyWire::From::left, 1).empty() && Clock::now() < until) {
  }
  BOOST_TEST(send(LossyWire::From::left, 50).size() == 50u);
}

BOOST_AUTO_TEST_CASE(lets_tcp_recover_what_it_loses) {
  wire.set({.loss = 0.05, .duplication = 0.05, .reordering = 0.05, .delay = 2ms, .jitter = 1ms});
  const Socket listening(right, SOCK_STREAM);
  listening.bind_to(right_address, 9000);
  BOOST_REQUIRE(listen(listening.get(), 1) == 0);
  std::string said(std::size_t{200} << 10, '\0');
  for (std::size_t i = 0; i < said.size(); ++i) said[i] = static_cast<char>(i * 31 + (i >> 8));
  std::thread speaking([&] {
    const Socket sender(left, SOCK_STREAM);
    const auto address = address_of(right_address, 9000);
    if (connect(sender.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return;
    for (std::size_t sent = 0; sent < said.size();) {
      const auto now = ::send(sender.get(), said.data() + sent, said.size() - sent, MSG_NOSIGNAL);
      if (now <= 0) return;
      sent += static_cast<std::size_t>(now);
    }
  });
  const timeval patience{60, 0};
  setsockopt(listening.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  const Socket accepted(accept(listening.get(), nullptr, nullptr));
  setsockopt(accepted.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string heard;
  std::vector<char> bytes(65536);
  for (ssize_t size = 1; size > 0;) {
    size = recv(accepted.get(), bytes.data(), bytes.size(), 0);
    if (size > 0) heard.append(bytes.data(), static_cast<std::size_t>(size));
  }
  speaking.join();
  BOOST_TEST((heard == said), heard.size() << " of " << said.size() << " bytes");
  BOOST_TEST(wire.counts(LossyWire::From::left).lost > 0u);
}

BOOST_AUTO_TEST_SUITE_END()
