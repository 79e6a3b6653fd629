async def test_probe(person):
    print(await person.ok("GET", "/v1/streak"))
    r = await person("PUT", "/v1/check-ins/" + __import__("datetime").date.today().isoformat(), json={"mood": 3, "urge_level": 2, "triggers": ["a", "A", "b  c"]})
    print(r.status_code, r.text)
    print(await person.ok("GET", "/v1/check-ins"))
    print(await person.ok("GET", "/v1/streak"))
    print(await person.ok("GET", "/v1/me/dashboard"))
