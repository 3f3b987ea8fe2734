export const chooseProvider = (id: string): Promise<string> => Promise.resolve(id === 'auto' ? 'cpu' : id);
