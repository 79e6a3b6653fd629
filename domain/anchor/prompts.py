"""Being written."""


async def seed_prompts() -> int:
    return 0
