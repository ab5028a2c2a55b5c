// Whoever reaches the coordinator's port may send anything: it is refused or absorbed, counted,
// takes no memory to speak of, and the others' round trips go on.

#include <arpa/inet.h>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

#include "scenarios/load/random.hpp"
#include "tests/actors/link_peers.hpp"
#include "tests/fixtures/process.hpp"

#ifdef __SANITIZE_THREAD__
// The packaged ZeroMQ is not instrumented, so its own hand-overs between threads look like races.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libzmq.so\n"; }
#endif

using namespace squall::actors;
using namespace squall::tests;
using namespace std::chrono_literals;

namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t memory_for_an_attack = std::size_t{400} << 20;  // freed memory is kept there
#else
constexpr std::size_t memory_for_an_attack = std::size_t{64} << 20;
#endif

std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

/// Fails when memory grows by more than an attack may cost, from here to the end.
class MemoryStaysBounded {
 public:
  ~MemoryStaysBounded() {
    const std::size_t now = resident_bytes();
    const std::size_t growth = now > before_ ? now - before_ : 0;
    BOOST_TEST(growth < memory_for_an_attack);
    BOOST_TEST_MESSAGE("memory grew by " << growth / 1024 << " KiB");
  }

 private:
  std::size_t before_ = resident_bytes();
};

std::size_t most_address_space() {
  std::ifstream status("/proc/self/status");
  std::size_t kibibytes = 0;
  for (std::string word; status >> word;)
    if (word == "VmPeak:" && status >> kibibytes) break;
  return kibibytes * 1024;
}

/// Of a gigabyte that is claimed; memory that nobody touches is not resident.
class NobodyReservesHalfOfIt {
 public:
  ~NobodyReservesHalfOfIt() {
    BOOST_TEST(before_ > 0u);
    BOOST_TEST(most_address_space() - before_ < std::size_t{512} << 20);
  }

 private:
  std::size_t before_ = most_address_space();
};

/// A connection that does not speak ZeroMQ, or only what it is told to.
class RawConnection {
 public:
  explicit RawConnection(const std::string& endpoint) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port =
        htons(static_cast<std::uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1))));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const timeval patience_of_socket{10, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience_of_socket, sizeof patience_of_socket);
    BOOST_REQUIRE(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                  0);
  }
  ~RawConnection() { close(socket_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// False when the other side has closed.
  bool say(const std::string& bytes) const {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
           static_cast<ssize_t>(bytes.size());
  }
  bool hear(std::size_t bytes) const {
    std::string heard(bytes, '\0');
    return recv(socket_, heard.data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
  }
  /// Whether the other side closes long before a handshake's time is over, which ends it anyway.
  bool is_cut_at_once() const {
    const timeval at_once{2, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &at_once, sizeof at_once);
    return is_cut();
  }
  /// Waits until the other side closes.
  bool is_cut() const {
    std::string heard(4096, '\0');
    for (ssize_t size = 1; size > 0;) {
      size = recv(socket_, heard.data(), heard.size(), 0);
      if (size == 0 || (size < 0 && errno == ECONNRESET)) return true;
    }
    return false;
  }

 private:
  int socket_;
};

/// ZMTP 3.0 (ZeroMQ RFC 23): the greeting of a peer with this mechanism.
std::string greeting(const std::string& mechanism) {
  std::string bytes(64, '\0');
  bytes[0] = '\xff';
  bytes[9] = '\x7f';
  bytes[10] = 3;
  bytes.replace(12, mechanism.size(), mechanism);
  return bytes;
}

/// The header of a long frame: flags and eight bytes of length.
std::string long_frame(char flags, std::uint64_t length) {
  std::string bytes(1, flags);
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes += static_cast<char>(length >> static_cast<unsigned>(shift));
  return bytes;
}

std::string ready_of_plain_dealer() {
  const std::string body = std::string("\5READY\13Socket-Type\0\0\0\6DEALER", 28);
  return std::string("\4") + static_cast<char>(body.size()) + body;
}

/// A coordinator with keys, and an honest agent whose round trips must go on.
struct Guarded {
  Guarded() {
    make_coordinator_key(folder.path());
    make_agent_key(folder.path(), "honest");
    make_agent_key(folder.path(), "rude");
    echo = std::make_unique<Echo>(RouterSecurity{folder.path()});
    server = read_public_key(folder.path() / "coordinator.pub");
    agent = connect_dealer(endpoint(), {pair("honest"), server});
    agent->start(inbox.listener());
    greet(*agent, inbox);
  }
  KeyPair pair(const std::string& name) const {
    return read_key_pair(folder.path() / "agents" / (name + ".key"));
  }
  const std::string& endpoint() const { return echo->link->endpoint(); }
  bool refuses(std::uint64_t handshakes) {
    return eventually([&] { return echo->link->counters().refused_handshakes >= handshakes; });
  }

  TemporaryFolder folder;
  std::string server;
  std::unique_ptr<Echo> echo;
  Arrivals inbox;
  std::unique_ptr<ZmqLink> agent;
};

/// What a busy coordinator is to its link: one handler, slower than a flood.
class SlowCoordinator {
 public:
  explicit SlowCoordinator(const RouterSecurity& security = {})
      : link_(bind_router("tcp://127.0.0.1:*", security)), handler_([this] { handle(); }) {
    link_->start([this](Arrival arrival) {
      const std::lock_guard lock(mutex_);
      waiting_bytes_ += arrival.frame.size();
      most_bytes_ = std::max(most_bytes_.load(), waiting_bytes_);
      waiting_.push_back(std::move(arrival));
      most_frames_ = std::max(most_frames_.load(), waiting_.size());
      changed_.notify_one();
    });
  }
  ~SlowCoordinator() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
      changed_.notify_one();
    }
    handler_.join();
    link_.reset();
  }
  SlowCoordinator(const SlowCoordinator&) = delete;
  SlowCoordinator& operator=(const SlowCoordinator&) = delete;

  ZmqLink& link() { return *link_; }
  std::size_t most_frames() const { return most_frames_; }
  std::size_t most_bytes() const { return most_bytes_; }
  std::uint64_t handled() const { return handled_; }

 private:
  void handle() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      Arrival arrival = std::move(waiting_.front());
      waiting_.pop_front();
      waiting_bytes_ -= arrival.frame.size();
      lock.unlock();
      std::this_thread::sleep_for(100us);
      if (arrival.frame == bytes_of("hello")) link_->send(arrival.peer, std::move(arrival.frame));
      arrival = {};
      ++handled_;
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Arrival> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::atomic<std::size_t> most_frames_{0}, most_bytes_{0};
  std::atomic<std::uint64_t> handled_{0};
  bool stopping_ = false;
  std::unique_ptr<ZmqLink> link_;
  std::thread handler_;
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(with_keys, Guarded)

BOOST_AUTO_TEST_CASE(garbage_on_the_port_is_refused_and_counted) {
  MemoryStaysBounded bounded;
  squall::scenarios::Random random(1);
  constexpr int attempts = 50;
  for (int i = 0; i < attempts; ++i) {
    RawConnection raw(endpoint());
    std::string bytes(1 + random.next() % 5000, '\0');
    for (char& each : bytes) each = static_cast<char>(random.next());
    if (i % 5 == 0) bytes = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + bytes;
    raw.say(bytes);
    if (i % 2 == 0) raw.say(bytes);
  }
  BOOST_TEST(refuses(attempts), echo->link->counters().refused_handshakes);
  greet(*agent, inbox);
  for (const auto& item : echo->inbox.all()) BOOST_TEST(item.text == "hello");
}

BOOST_AUTO_TEST_CASE(half_a_handshake_of_any_length_gives_no_entry) {
  MemoryStaysBounded bounded;
  const std::string whole = greeting("CURVE") + "\4\310" + std::string("\5HELLO", 6) +
                            std::string(194, '\1');  // 200 bytes, of which none is right
  for (std::size_t size = 1; size <= whole.size(); size += 7) {
    RawConnection raw(endpoint());
    BOOST_TEST(raw.say(whole.substr(0, size)));
  }
  RawConnection raw(endpoint());
  raw.say(whole);
  BOOST_TEST(raw.is_cut());
  BOOST_TEST(refuses(1));
  greet(*agent, inbox);
}

BOOST_AUTO_TEST_CASE(a_length_of_a_gigabyte_is_not_believed_before_the_handshake) {
  MemoryStaysBounded bounded;
  NobodyReservesHalfOfIt reserved;
  for (const char flags : {'\6', '\2'}) {  // a command, and a message before its time
    RawConnection raw(endpoint());
    raw.say(greeting("CURVE") + long_frame(flags, std::uint64_t{1} << 30));
    raw.say(std::string(100'000, 'x'));
    BOOST_TEST(raw.is_cut_at_once());
  }
  BOOST_TEST(refuses(1));
  greet(*agent, inbox);
}

BOOST_AUTO_TEST_CASE(two_hundred_connections_that_say_nothing_are_cut_and_counted) {
  MemoryStaysBounded bounded;
  std::vector<std::unique_ptr<RawConnection>> silent;
  for (int i = 0; i < 200; ++i) silent.push_back(std::make_unique<RawConnection>(endpoint()));
  greet(*agent, inbox);
  BOOST_TEST(refuses(200), echo->link->counters().refused_handshakes);
  for (const auto& each : silent) BOOST_REQUIRE(each->is_cut());
  greet(*agent, inbox);
}

BOOST_AUTO_TEST_CASE(a_frame_above_the_limit_cuts_also_those_who_have_a_key) {
  MemoryStaysBounded bounded;
  RawDealer rude(endpoint(), pair("rude"), server);
  rude.send(std::string(std::size_t{2} << 20, 'x'));
  greet(*agent, inbox);
  rude.send("after");
  BOOST_TEST(eventually([&] { return echo->inbox.all().back().text == "after"; }));
  for (const auto& item : echo->inbox.all()) BOOST_TEST(item.text.size() <= frame_limit);
}

BOOST_AUTO_TEST_CASE(a_key_with_many_connections_has_no_more_under_way_than_with_one) {
  SlowCoordinator coordinator(RouterSecurity{folder.path()});
  std::vector<std::unique_ptr<RawDealer>> rude;
  for (int i = 0; i < 4; ++i)
    rude.push_back(
        std::make_unique<RawDealer>(coordinator.link().endpoint(), pair("rude"), server));
  for (int i = 0; i < 3000; ++i)
    for (const auto& each : rude) each->send("x");
  BOOST_TEST(eventually(
      [&] { return coordinator.link().counters().flooded + coordinator.handled() >= 12'000; }));
  BOOST_TEST(coordinator.link().counters().flooded > 0u);
  BOOST_TEST(coordinator.most_frames() <= 256u);
}

BOOST_AUTO_TEST_CASE(strangers_by_the_hundred_are_refused_while_others_go_on) {
  MemoryStaysBounded bounded;
  for (int i = 0; i < 100; ++i) {
    RawDealer stranger(endpoint(), make_key_pair(), server);
    stranger.send("let me in");
    const auto wanted = static_cast<std::uint64_t>(i + 1);
    BOOST_REQUIRE(eventually([&] { return echo->link->counters().refused_keys >= wanted; }));
  }
  greet(*agent, inbox);
  for (const auto& item : echo->inbox.all()) BOOST_TEST(item.identity == "honest");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(a_length_of_a_gigabyte_is_not_believed_after_the_handshake_either) {
  Echo echo;
  Arrivals inbox;
  const auto dealer = connect_dealer(echo.link->endpoint());
  dealer->start(inbox.listener());
  greet(*dealer, inbox);
  MemoryStaysBounded bounded;
  NobodyReservesHalfOfIt reserved;
  for (const std::uint64_t claim : {std::uint64_t{1} << 30, std::uint64_t{1} << 63}) {
    RawConnection raw(echo.link->endpoint());
    raw.say(greeting("NULL") + ready_of_plain_dealer());
    BOOST_TEST(raw.hear(64 + 2));
    raw.say(long_frame('\2', claim) + std::string(200'000, 'x'));
    BOOST_TEST(raw.is_cut_at_once());
  }
  greet(*dealer, inbox);
  for (const auto& item : echo.inbox.all()) BOOST_TEST(item.text == "hello");
}

BOOST_AUTO_TEST_CASE(a_million_tiny_frames_take_no_memory_and_nobody_elses_turn) {
  SlowCoordinator coordinator;
  Arrivals inbox;
  const auto honest = connect_dealer(coordinator.link().endpoint());
  honest->start(inbox.listener());
  greet(*honest, inbox);
  MemoryStaysBounded bounded;
  RawDealer rude(coordinator.link().endpoint());
  std::atomic<bool> done{false};
  std::thread flood([&] {
    for (int i = 0; i < 1'000'000; ++i) rude.send("x");
    done = true;
  });
  int round_trips = 0;
  while (!done) {
    if (!greets(*honest, inbox)) break;
    ++round_trips;
  }
  flood.join();
  BOOST_TEST(round_trips > 0);
  // All were read, most of them only to be dropped.
  BOOST_TEST(eventually(
      [&] { return coordinator.link().counters().flooded + coordinator.handled() >= 1'000'000; }));
  BOOST_TEST(coordinator.link().counters().flooded > 500'000u);
  BOOST_TEST(coordinator.most_frames() <= 600u);
  greet(*honest, inbox);
}

BOOST_AUTO_TEST_CASE(a_flood_of_long_frames_by_one_who_has_a_key_is_bounded) {
  TemporaryFolder keys;
  make_coordinator_key(keys.path());
  for (const char* name : {"honest", "rude"}) make_agent_key(keys.path(), name);
  const std::string server = read_public_key(keys.path() / "coordinator.pub");
  const auto pair = [&](const char* name) {
    return read_key_pair(keys.path() / "agents" / (std::string(name) + ".key"));
  };
  SlowCoordinator coordinator({keys.path()});
  Arrivals inbox;
  const auto honest = connect_dealer(coordinator.link().endpoint(), {pair("honest"), server});
  honest->start(inbox.listener());
  greet(*honest, inbox);
  RawDealer rude(coordinator.link().endpoint(), pair("rude"), server);
  const std::string frame(1 << 19, 'x');
  std::atomic<bool> enough{false};
  std::uint64_t sent = 0;
  std::thread flood([&] {
    while (!enough)
      if (rude.try_send(frame))
        ++sent;
      else
        std::this_thread::sleep_for(1ms);
  });
  for (int i = 0; i < 20; ++i) BOOST_TEST(greets(*honest, inbox));
  std::this_thread::sleep_for(1s);
  enough = true;
  flood.join();
  BOOST_TEST(sent > 20u);
  BOOST_TEST(coordinator.most_bytes() <= (std::size_t{14} << 20));
}
