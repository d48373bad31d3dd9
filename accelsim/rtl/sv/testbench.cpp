// The memory behind the machine, and the clock. A case comes on standard input, what became of it goes to standard
// output; both are lines of words (docs/rtl.md).
#include <cstdint>
#include <cstdio>
#include <deque>
#include <iostream>
#include <string>
#include <vector>

#include "Vaccelerator.h"
#include "verilated.h"
#if VM_TRACE
#include "verilated_vcd_c.h"
#endif

namespace {

constexpr int ACCOUNTS = 8;
constexpr int CAUSES = 24;
constexpr uint32_t BEAT_BYTES = 64;

struct Case {
    uint64_t latency = 0;      // cycles from a beat on the port until its data can be used
    uint64_t bytes = 1;        // `bytes` move in `cycles` cycles
    uint64_t cycles = 1;
    uint64_t limit = 0;        // cycles after which to give up
    std::vector<std::pair<int, std::vector<uint32_t>>> loads;
    std::vector<uint8_t> memory;
};

Case read_case() {
    Case read;
    std::string word;
    while (std::cin >> word) {
        if (word == "latency") std::cin >> read.latency;
        else if (word == "rate") std::cin >> read.bytes >> read.cycles;
        else if (word == "limit") std::cin >> read.limit;
        else if (word == "load") {
            int unit;
            size_t count;
            std::cin >> unit >> count;
            std::vector<uint32_t> words(count);
            for (auto& each : words) std::cin >> each;
            read.loads.emplace_back(unit, std::move(words));
        } else if (word == "memory") {
            std::string digits;
            std::cin >> digits;
            for (size_t i = 0; i + 1 < digits.size(); i += 2)
                read.memory.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
        }
    }
    return read;
}

// Bytes on their way from the memory, to arrive in the cycle `due`.
struct Flight {
    uint64_t due;
    uint32_t bytes, target, address, gives;
    uint8_t data[BEAT_BYTES];
};

// One port with a rate, and a latency for reads. A burst begins in a cycle of its own.
class Memory {
public:
    explicit Memory(const Case& run) : run_(run), bytes_(run.memory) {}

    // Before the clock edge: move what can be moved in this cycle, and deliver what arrives in it.
    void serve(Vaccelerator& machine, uint64_t now) {
        machine.beat_bytes = 0;
        machine.burst_done = 0;
        if (machine.burst) {
            credit_ += run_.bytes;
            const uint64_t possible = credit_ / run_.cycles;
            const uint32_t reached =
                possible < machine.burst_bytes ? static_cast<uint32_t>(possible) : machine.burst_bytes;
            const uint32_t beat = reached - moved_;
            const bool done = reached == machine.burst_bytes;
            const uint64_t address = static_cast<uint64_t>(machine.burst_address) + moved_;
            if (machine.burst_write) {
                write(machine, address, beat);
                written_ += beat;
            } else {
                read(machine, address, beat, now, done && machine.burst_final);
                read_ += beat;
            }
            moved_ = done ? 0 : reached;
            if (done) credit_ = 0;
            machine.beat_bytes = beat;
            machine.burst_done = done;
        }
        machine.return_bytes = 0;
        machine.return_gives = 0;
        if (!flights_.empty() && flights_.front().due == now) {
            const Flight& flight = flights_.front();
            machine.return_bytes = flight.bytes;
            machine.return_target = flight.target;
            machine.return_address = flight.address;
            machine.return_gives = flight.gives;
            for (uint32_t i = 0; i < BEAT_BYTES / 4; i++)
                machine.return_data[i] = flight.data[4 * i] | flight.data[4 * i + 1] << 8 |
                    flight.data[4 * i + 2] << 16 | static_cast<uint32_t>(flight.data[4 * i + 3]) << 24;
            flights_.pop_front();
        }
    }

    bool in_flight() const { return !flights_.empty(); }
    uint64_t read_bytes() const { return read_; }
    uint64_t written_bytes() const { return written_; }
    const std::vector<uint8_t>& bytes() const { return bytes_; }

private:
    void write(const Vaccelerator& machine, uint64_t address, uint32_t beat) {
        for (uint32_t i = 0; i < beat; i++) {
            const uint8_t mask = static_cast<uint8_t>(machine.write_mask[i / 4] >> (8 * (i % 4)));
            const uint8_t data = static_cast<uint8_t>(machine.write_data[i / 4] >> (8 * (i % 4)));
            uint8_t& byte = bytes_.at(address + i);
            byte = static_cast<uint8_t>((byte & ~mask) | (data & mask));
        }
    }

    void read(const Vaccelerator& machine, uint64_t address, uint32_t beat, uint64_t now, bool last) {
        if (!beat) return;
        Flight flight{now + run_.latency, beat, machine.beat_target, machine.beat_address,
                      last ? machine.beat_gives : 0, {}};
        for (uint32_t i = 0; i < beat; i++) flight.data[i] = bytes_.at(address + i);
        flights_.push_back(flight);
    }

    const Case& run_;
    std::vector<uint8_t> bytes_;
    std::deque<Flight> flights_;
    uint64_t credit_ = 0;
    uint32_t moved_ = 0;
    uint64_t read_ = 0;
    uint64_t written_ = 0;
};

// The waveform, in a simulation that is built to write one. A nanosecond is a cycle, and signals are shown as they are
// before the clock edge that ends it. Loading and reset lie before cycle 0 and are not shown.
class Waveform {
public:
#if VM_TRACE
    Waveform(Vaccelerator& machine, const char* path) {
        file_.set_time_unit("1ns");
        file_.set_time_resolution("1ns");
        machine.trace(&file_, ALL_LEVELS);
        file_.open(path);
    }
    void show(uint64_t cycle) { file_.dump(cycle); }

private:
    static constexpr int ALL_LEVELS = 99;
    VerilatedVcdC file_;
#else
    Waveform(Vaccelerator&, const char*) {}
    void show(uint64_t) {}
#endif
};

void tick(Vaccelerator& machine) {
    machine.clk = 1;
    machine.eval();
    machine.clk = 0;
    machine.eval();
}

void load(Vaccelerator& machine, const Case& run) {
    machine.clk = 0;
    machine.reset = 1;
    machine.eval();
    machine.load = 1;
    for (const auto& [unit, words] : run.loads) {
        machine.load_unit = static_cast<uint8_t>(unit);
        for (size_t i = 0; i < words.size(); i++) machine.load_data[i] = words[i];
        tick(machine);
    }
    machine.load = 0;
    tick(machine);
    machine.reset = 0;
}

}  // namespace

int main(int, char** arguments) {
    const Case run = read_case();
    VerilatedContext context;
    context.traceEverOn(VM_TRACE);
    Vaccelerator machine(&context);
    Memory memory(run);
    load(machine, run);
    Waveform waveform(machine, arguments[1]);

    uint64_t total = 0;
    bool moving = true;
    uint64_t now = 0;
    for (; moving && now < run.limit; now++) {
        machine.eval();
        if (machine.working) total = now + 1;
        memory.serve(machine, now);
        machine.eval();
        // What arrives in this cycle can be used in the next.
        moving = machine.working || memory.in_flight() || machine.return_bytes;
        waveform.show(now);
        tick(machine);
    }

    std::printf("total %llu\n", static_cast<unsigned long long>(total));
    std::printf("finished %d\n", !moving);
    std::printf("left %d\n", machine.operations_left);
    std::printf("read %llu\n", static_cast<unsigned long long>(memory.read_bytes()));
    std::printf("written %llu\n", static_cast<unsigned long long>(memory.written_bytes()));
    for (int account = 0; account < ACCOUNTS; account++) {
        machine.account = static_cast<uint8_t>(account);
        machine.eval();
        std::printf("account");
        for (int cause = 0; cause < CAUSES; cause++) std::printf(" %u", machine.account_cycles[cause]);
        std::printf("\n");
    }
    std::printf("memory ");
    for (const uint8_t byte : memory.bytes()) std::printf("%02x", byte);
    std::printf("\n");
    machine.final();
    return 0;
}
